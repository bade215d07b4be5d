#include "core/cli/engine_run.h"

#include <condition_variable>
#include <memory>
#include <mutex>

#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/cli/run_display.h"
#include "core/cli/run_format.h"
#include "core/cli/run_progress.h"
#include "core/cli/stop_signals.h"
#include "core/server/on_strand.h"
#include "core/server/run_source.h"

namespace cairn {
namespace {

// How often a display that changes all the time is drawn.
constexpr std::chrono::milliseconds kFrame{100};

// What the scheduler's thread tells the one that waits and draws.
struct Progress {
  std::mutex mutex;
  std::condition_variable changed;
  bool moved = true;
  bool ended = false;
  int signals = 0;
};

// An engine's run as a person follows it.
class EngineRun {
 public:
  EngineRun(const Cli& cli, EngineProcess& engine)
      : cli_(cli),
        engine_(engine),
        scheduler_(engine.scheduler()),
        display_(make_display(cli)),
        stop_signals_(engine, [progress = progress_](int count) {
          const std::lock_guard lock(progress->mutex);
          progress->signals = count;
          progress->moved = true;
          progress->changed.notify_all();
        }) {
    on_strand(scheduler_, [this] {
      const auto tell = [progress = progress_](bool ended) {
        const std::lock_guard lock(progress->mutex);
        progress->moved = true;
        progress->ended = progress->ended || ended;
        progress->changed.notify_all();
      };
      subscription_ = scheduler_.subscribe([tell](const RunUpdate&) { tell(false); });
      scheduler_.on_idle([tell] { tell(true); });
      return true;
    });
  }
  ~EngineRun() {
    on_strand(scheduler_, [this] {
      scheduler_.unsubscribe(subscription_);
      return true;
    });
  }
  EngineRun(const EngineRun&) = delete;
  EngineRun& operator=(const EngineRun&) = delete;

  ExitCode follow(const std::string& id) {
    if (!cli_.options.quiet) *cli_.err << "run " << id << std::endl;
    for (bool over = engine_.control().close_when_idle(); !over;) {
      const bool maybe = wait();
      draw(id);
      over = signals() > 1 || (maybe && engine_.control().close_when_idle());
    }
    draw(id);
    display_.clear();
    return finish(id);
  }

 private:
  [[nodiscard]] int signals() const {
    const std::lock_guard lock(progress_->mutex);
    return progress_->signals;
  }

  // Until something has changed; whether all may have ended.
  bool wait() {
    std::unique_lock lock(progress_->mutex);
    Progress& progress = *progress_;
    progress.changed.wait(lock, [&] { return progress.moved || progress.ended; });
    // Gather what comes within a frame.
    if (!progress.ended) progress.changed.wait_for(lock, kFrame, [&] { return progress.ended; });
    progress.moved = false;
    if (progress.signals == 1 && !std::exchange(told_, true)) {
      display_.clear();
      say_stopping(cli_);
    }
    return std::exchange(progress.ended, false);
  }

  void draw(const std::string& id) {
    const auto document = on_strand(scheduler_, [&]() -> std::optional<json::object> {
      const RunState* state = scheduler_.find(id);
      if (state == nullptr) return std::nullopt;
      const LiveTasks live = scheduler_.live(id);
      return progress_view_.look(*state, {engine_.store_folder(), true, &live});
    });
    if (document) display_.update(*document);
  }

  ExitCode finish(const std::string& id) {
    const auto failure = on_strand(scheduler_, [this] { return scheduler_.failure(); });
    if (failure) {
      print_error(cli_, *failure);
      *cli_.err << "go on with: cairn resume " << id << std::endl;
      return ExitCode::kRunFailed;
    }
    // After a second signal its attempts are dead, whatever the scheduler still waits to hear.
    StoreRuns as_left(engine_.store(), engine_.store_folder());
    RunSource& last = signals() > 1 ? static_cast<RunSource&>(as_left) : engine_.control().runs();
    const auto document = last.get(id);
    if (!document.ok()) return fail(cli_, document.error());
    print_result(cli_, *document);
    return signals() > 0 ? ExitCode::kInterrupted : exit_code_of_run(*document);
  }

  const Cli& cli_;
  EngineProcess& engine_;
  Scheduler& scheduler_;
  // Shared with callbacks that may come as long as the engine lives.
  std::shared_ptr<Progress> progress_ = std::make_shared<Progress>();
  int subscription_ = 0;
  RunDisplay display_;
  RunProgress progress_view_;
  bool told_ = false;
  StopSignals stop_signals_;
};

}  // namespace

ExitCode follow_engine(const Cli& cli, EngineProcess& engine,
                       const std::function<Result<std::string>(EngineControl&)>& begin) {
  EngineRun run(cli, engine);
  const auto id = begin(engine.control());
  if (!id.ok()) return fail(cli, id.error());
  warn_of_others(cli, engine);
  return run.follow(*id);
}

ExitCode exit_code_of_run(const json::object& run) {
  const std::string status = text_of(run, "status");
  if (status == "succeeded") return ExitCode::kDone;
  if (status == "cancelled") return ExitCode::kCancelled;
  if (status == "interrupted") return ExitCode::kInterrupted;
  return ExitCode::kRunFailed;
}

namespace {

// The folder of the last report of the run, empty where there is none.
std::string report_folder(const json::object& run) {
  std::string folder;
  for (const auto& stage : run.at("stages").as_array()) {
    const auto* outputs = stage.as_object().if_contains("outputs");
    if (outputs == nullptr || !outputs->is_object()) continue;
    for (const auto& [name, output] : outputs->as_object()) {
      if (!output.is_object() || text_of(output.as_object(), "kind") != "report") continue;
      const fs::path path = text_of(output.as_object(), "path");
      std::error_code error;
      if (fs::exists(path / "index.html", error)) folder = path.string();
    }
  }
  return folder;
}

}  // namespace

void print_result(const Cli& cli, const json::object& run) {
  const std::string id = text_of(run, "id");
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, run);
    return;
  }
  if (cli.options.output == OutputFormat::kName) {
    *cli.out << id << "\n";
    return;
  }
  print_stage_table(*cli.out, run);
  const std::string report = report_folder(run);
  if (report.empty()) {
    *cli.out << "\nrun " << id << " " << text_of(run, "status") << "\n";
    if (text_of(run, "status") != "succeeded")
      *cli.out << "why:    cairn explain " << id << "\ngo on:  cairn resume " << id << "\n";
    return;
  }
  if (const auto table = real_file_system().read(fs::path(report) / "report.txt"); table.ok())
    *cli.out << "\n" << *table;
  *cli.out << "\nreport: " << report << "/index.html\n\nnext:\n"
           << "  cairn get " << id << "                 # every stage, output and metric\n"
           << "  cairn explain " << id << "             # why each stage ran or was reused\n"
           << "  cairn artifacts list " << id << "      # models, data sets, rollouts on disk\n";
}

}  // namespace cairn
