#include "core/cli/attempt_tree.h"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "core/base/text.h"
#include "core/cli/run_format.h"
#include "core/server/reading/whole_number.h"

namespace cairn {
namespace {

constexpr std::chrono::milliseconds kLookAgain{200};

}  // namespace

Result<AttemptTree> AttemptTree::open(const Cli& cli, RunSource& runs, const RunTarget& target) {
  AttemptTree tree;
  CAIRN_ASSIGN(const json::object run, runs.get(target.run));
  tree.run_ = text_of(run, "id");
  tree.folder_ = run_folder(fs::absolute(cli.options.store_dir), tree.run_);
  for (const auto& stage : run.at("stages").as_array())
    tree.stages_.push_back(text_of(stage.as_object(), "name"));
  if (target.stage.empty()) {
    tree.one_task_ =
        tree.stages_.size() == 1 && !run.at("stages").at(0).as_object().contains("tasks");
    return tree;
  }
  const std::size_t at = target.stage.find('@');
  if (target.stage.ends_with(']')) {
    CAIRN_ASSIGN(const json::object found, runs.explain(tree.run_, target.stage, {}));
    const fs::path folder = text_of(found.at("stages").at(0).as_object(), "folder");
    const auto place = parse_task_folder(folder);
    if (!place) return internal_error("'" + folder.string() + "' is no folder of a task");
    tree.wanted_.stage = place->stage;
    tree.wanted_.cell = place->cell;
    tree.one_task_ = true;
    return tree;
  }
  tree.wanted_.stage = target.stage.substr(0, at);
  if (at != std::string::npos) {
    tree.wanted_.cell = number_in<std::uint32_t>(std::string_view(target.stage).substr(at + 1));
    if (!tree.wanted_.cell)
      return invalid_argument("'" + printable(target.stage) + "' names no task",
                              "write STAGE@NUMBER or STAGE[LABEL]");
  }
  CAIRN_ASSIGN(const json::object* stage, find_stage(run, tree.wanted_.stage));
  tree.one_task_ = tree.wanted_.cell.has_value() || !stage->contains("tasks");
  return tree;
}

Result<Reading> open_reading(const Cli& cli, const std::string& target, const std::string& after,
                             const std::string& what) {
  CAIRN_ASSIGN(const RunTarget parsed, parse_target(target));
  Cursor cursor;
  if (!after.empty()) {
    CAIRN_ASSIGN(cursor, parse_cursor(after));
  }
  CAIRN_ASSIGN(OpenRuns runs, open_runs(cli));
  CAIRN_ASSIGN(AttemptTree tree, AttemptTree::open(cli, runs.source(), parsed));
  if (!after.empty() && !tree.one_task()) {
    return invalid_argument("--after is a place in the " + what + " of one task",
                            "name it: RUN/STAGE, or RUN/STAGE[LABEL] of several");
  }
  std::error_code error;
  const bool elsewhere = !cli.options.server.empty() && !fs::exists(tree.folder(), error);
  return Reading{std::move(runs), std::move(tree), cursor, elsewhere};
}

void follow_files(OpenRuns& runs, const std::string& run, const std::function<void()>& look) {
  if (runs.remote) {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::thread waiter([&] {
      // An engine that is gone tells no more either.
      (void)runs.remote->watch(run, {kNoEvents, false, true, std::nullopt},
                               [](const WatchEvent&) { return true; });
      const std::lock_guard lock(mutex);
      over = true;
      changed.notify_all();
    });
    std::unique_lock lock(mutex);
    while (!over) {
      lock.unlock();
      look();
      lock.lock();
      changed.wait_for(lock, kLookAgain, [&] { return over; });
    }
    lock.unlock();
    waiter.join();
  }
  look();
}

}  // namespace cairn
