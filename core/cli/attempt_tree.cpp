#include "core/cli/attempt_tree.h"

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <thread>

#include "core/base/text.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

constexpr std::size_t kBlock = std::size_t{64} << 10;
constexpr std::size_t kLongestLine = std::size_t{1} << 20;
constexpr std::chrono::milliseconds kLookAgain{200};

template <typename Number>
std::optional<Number> number_in(std::string_view text) {
  Number number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

}  // namespace

std::optional<TaskPlace> parse_task_folder(const fs::path& folder) {
  TaskPlace place;
  place.name = folder.filename().string();
  place.folder.root = folder;
  std::string_view rest = place.name;
  const std::size_t at = rest.find('@');
  const std::size_t dot = rest.find('.', at == std::string_view::npos ? 0 : at);
  if (dot != std::string_view::npos) {
    const auto generation = number_in<std::uint32_t>(rest.substr(dot + 1));
    if (!generation) return std::nullopt;
    place.generation = *generation;
    rest = rest.substr(0, dot);
  }
  if (at != std::string_view::npos) {
    place.cell = number_in<std::uint32_t>(rest.substr(at + 1));
    if (!place.cell) return std::nullopt;
    rest = rest.substr(0, at);
  }
  place.stage = rest;
  return place.stage.empty() ? std::nullopt : std::optional(place);
}

Result<Cursor> parse_cursor(const std::string& text) {
  const std::string_view all = text;
  const std::size_t colon = all.find(':');
  const std::size_t plus = all.find('+');
  const auto attempt = number_in<std::uint32_t>(all.substr(0, colon));
  const auto offset =
      colon == std::string_view::npos
          ? std::nullopt
          : number_in<std::uint64_t>(
                all.substr(colon + 1, plus == std::string_view::npos ? plus : plus - colon - 1));
  const auto output = plus == std::string_view::npos
                          ? std::optional<std::uint64_t>(0)
                          : number_in<std::uint64_t>(all.substr(plus + 1));
  if (!attempt || !offset || !output) {
    return invalid_argument("'" + printable(text) + "' is no cursor",
                            "take one from the output of -o json: ATTEMPT:OFFSET");
  }
  return Cursor{*attempt, *offset, *output};
}

Result<AttemptTree> AttemptTree::open(const Cli& cli, RunSource& runs, const RunTarget& target) {
  AttemptTree tree;
  CAIRN_ASSIGN(const json::object run, runs.get(target.run));
  tree.run_ = text_of(run, "id");
  tree.folder_ = fs::absolute(cli.options.store_dir) / "runs" / tree.run_;
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
    tree.stage_ = place->stage;
    tree.cell_ = place->cell;
    tree.one_task_ = true;
    return tree;
  }
  tree.stage_ = target.stage.substr(0, at);
  if (at != std::string::npos) {
    tree.cell_ = number_in<std::uint32_t>(std::string_view(target.stage).substr(at + 1));
    if (!tree.cell_)
      return invalid_argument("'" + printable(target.stage) + "' names no task",
                              "write STAGE@NUMBER or STAGE[LABEL]");
  }
  CAIRN_ASSIGN(const json::object* stage, find_stage(run, tree.stage_));
  tree.one_task_ = tree.cell_.has_value() || !stage->contains("tasks");
  return tree;
}

std::vector<TaskPlace> AttemptTree::tasks() const {
  std::vector<std::pair<std::size_t, TaskPlace>> found;
  std::error_code error;
  for (fs::directory_iterator it(folder_, error), end; !error && it != end; it.increment(error)) {
    auto place = parse_task_folder(it->path());
    if (!place || (!stage_.empty() && place->stage != stage_)) continue;
    if (cell_ && place->cell != cell_) continue;
    const auto order = std::find(stages_.begin(), stages_.end(), place->stage) - stages_.begin();
    found.emplace_back(static_cast<std::size_t>(order), std::move(*place));
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) {
    return std::tuple(a.first, a.second.cell, a.second.generation) <
           std::tuple(b.first, b.second.cell, b.second.generation);
  });
  std::vector<TaskPlace> tasks;
  for (auto& [order, place] : found) tasks.push_back(std::move(place));
  return tasks;
}

std::vector<int> AttemptTree::attempts(const TaskPlace& task) {
  constexpr std::string_view kPrefix = "attempt-";
  std::vector<int> numbers;
  std::error_code error;
  for (fs::directory_iterator it(task.folder.root, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    if (const auto number = number_in<int>(std::string_view(name).substr(kPrefix.size())))
      numbers.push_back(*number);
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

Result<std::uint64_t> read_lines(const fs::path& file, std::uint64_t offset, const OnLine& on_line,
                                 LastLine last) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error) return offset;
  if (size < offset) return size;
  if (size == offset) return offset;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file.string(), errno);
  in.seekg(static_cast<std::streamoff>(offset));
  std::string pending;
  std::string block(kBlock, '\0');
  while (in) {
    in.read(block.data(), static_cast<std::streamsize>(block.size()));
    std::string_view rest(block.data(), static_cast<std::size_t>(in.gcount()));
    while (!rest.empty()) {
      const std::size_t end = rest.find('\n');
      if (end == std::string_view::npos) {
        pending += rest;
        if (pending.size() < kLongestLine) break;
        offset += pending.size();
        if (!on_line(pending, offset)) return offset;
        pending.clear();
        break;
      }
      offset += pending.size() + end + 1;
      bool go_on = true;
      if (pending.empty()) {
        go_on = on_line(rest.substr(0, end), offset);
      } else {
        pending += rest.substr(0, end);
        go_on = on_line(pending, offset);
        pending.clear();
      }
      if (!go_on) return offset;
      rest.remove_prefix(end + 1);
    }
  }
  if (last == LastLine::kAsItIs && !pending.empty()) {
    offset += pending.size();
    (void)on_line(pending, offset);
  }
  return offset;
}

Result<std::uint64_t> tail_offset(const fs::path& file, std::uint64_t count) {
  std::error_code error;
  const std::uint64_t size = fs::file_size(file, error);
  if (error || size == 0) return std::uint64_t{0};
  if (count == 0) return size;
  std::ifstream in(file, std::ios::binary);
  if (!in) return io_error("read", file.string(), errno);
  std::string block(kBlock, '\0');
  // The end of the last line is none before another.
  std::uint64_t wanted = count + 1;
  for (std::uint64_t end = size; end > 0;) {
    const std::uint64_t begin = end > kBlock ? end - kBlock : 0;
    in.seekg(static_cast<std::streamoff>(begin));
    in.read(block.data(), static_cast<std::streamsize>(end - begin));
    for (std::uint64_t i = static_cast<std::uint64_t>(in.gcount()); i > 0; --i) {
      if (block[i - 1] == '\n' && --wanted == 0) return begin + i;
    }
    end = begin;
  }
  return std::uint64_t{0};
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
  if (!cli.options.server.empty() && !fs::exists(tree.folder(), error)) {
    return not_found(
        "the " + what + " of run " + tree.run() + " are not in " + cli.options.store_dir.string(),
        "they lie in the engine's store: name it with --store-dir where it is shared");
  }
  return Reading{std::move(runs), std::move(tree), cursor};
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
