#include "core/cli/engine_run.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <csignal>
#include <mutex>

#include "core/base/quantity.h"
#include "core/cli/output.h"
#include "core/cli/run_display.h"
#include "core/cli/run_format.h"
#include "core/executors/machine.h"
#include "core/server/on_strand.h"
#include "core/server/run_source.h"

extern char** environ;

namespace cairn {
namespace {

// How often a display that changes all the time is drawn.
constexpr std::chrono::milliseconds kFrame{100};

std::vector<std::string> own_environment() {
  std::vector<std::string> variables;
  for (char** variable = environ; *variable != nullptr; ++variable)
    variables.emplace_back(*variable);
  return variables;
}

RunDisplay make_display(const Cli& cli) {
  auto mode = RunDisplay::Mode::kLines;
  int columns = 100;
  if (cli.options.quiet) {
    mode = RunDisplay::Mode::kSilent;
  } else if (cli.environment.err_is_terminal) {
    mode = RunDisplay::Mode::kBars;
    winsize size{};
    if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) columns = size.ws_col;
  }
  return {*cli.err, mode, columns};
}

// What the scheduler's thread tells the one that waits and draws.
struct Progress {
  std::mutex mutex;
  std::condition_variable changed;
  bool moved = true;
  bool ended = false;
  int signals = 0;
};

}  // namespace

void add_machine_options(CLI::App& command, const std::shared_ptr<MachineOptions>& options) {
  command.add_option("--cpus", options->cpus, "Processors to use (default: all we may)")
      ->check(CLI::PositiveNumber);
  command.add_option("--memory", options->memory, "Memory to use, such as 8Gi (default: all)");
}

Result<std::unique_ptr<EngineProcess>> start_engine(const Cli& cli, const MachineOptions& machine,
                                                    const std::string& command) {
  CAIRN_ASSIGN(const MachineTotals totals, machine_totals());
  EngineOptions options;
  options.totals.cpus = static_cast<std::uint32_t>(machine.cpus > 0 ? machine.cpus : totals.cpus);
  options.totals.memory_bytes = totals.memory_bytes;
  if (!machine.memory.empty()) {
    CAIRN_ASSIGN(options.totals.memory_bytes, parse_bytes(machine.memory));
  }
  options.state_dir = fs::absolute(cli.options.state_dir);
  options.store_dir = fs::absolute(cli.options.store_dir);
  options.host_program = cli.host_program();
  options.environment = own_environment();
  options.command = command;
  if (auto folder = cli.environment.variable("XDG_RUNTIME_DIR")) options.runtime_dir = *folder;
  return EngineProcess::start(options, real_file_system(), system_clock());
}

ExitCode follow_engine(const Cli& cli, EngineProcess& engine,
                       const std::function<Result<std::string>(Scheduler&)>& begin) {
  Scheduler& scheduler = engine.scheduler();
  Progress progress;
  boost::asio::signal_set signals(scheduler.strand(), SIGINT, SIGTERM);
  const std::function<void(const boost::system::error_code&, int)> on_signal =
      [&](const boost::system::error_code& error, int) {
        if (error) return;
        int received = 0;
        {
          const std::lock_guard lock(progress.mutex);
          received = ++progress.signals;
          progress.moved = true;
          progress.changed.notify_all();
        }
        // Both call the subscriber below, which takes the mutex.
        if (received == 1) {
          scheduler.interrupt_all();
        } else {
          scheduler.kill_all();
        }
        signals.async_wait(on_signal);
      };
  signals.async_wait(on_signal);

  StoreRuns runs(engine.store(), engine.store_folder(), &scheduler);
  int subscription = 0;
  const auto begun = on_strand(scheduler, [&]() -> Result<std::string> {
    subscription = scheduler.subscribe([&](const RunUpdate&) {
      const std::lock_guard lock(progress.mutex);
      progress.moved = true;
      progress.changed.notify_all();
    });
    scheduler.on_idle([&] {
      const std::lock_guard lock(progress.mutex);
      progress.ended = true;
      progress.changed.notify_all();
    });
    CAIRN_ASSIGN(std::string id, begin(scheduler));
    if (scheduler.idle()) progress.ended = true;
    return id;
  });
  const auto finish = [&] {
    on_strand(scheduler, [&] {
      scheduler.unsubscribe(subscription);
      scheduler.on_idle([] {});
      boost::system::error_code ignored;
      signals.cancel(ignored);
      return true;
    });
  };
  if (!begun.ok()) {
    finish();
    return fail(cli, begun.error());
  }
  if (!cli.options.quiet) *cli.err << "run " << *begun << std::endl;

  RunDisplay display = make_display(cli);
  bool told = false;
  for (bool ended = false; !ended;) {
    {
      std::unique_lock lock(progress.mutex);
      progress.changed.wait(lock, [&] { return progress.moved || progress.ended; });
      // Gather what comes within a frame.
      if (!progress.ended) progress.changed.wait_for(lock, kFrame, [&] { return progress.ended; });
      progress.moved = false;
      ended = progress.ended || progress.signals > 1;
      if (progress.signals == 1 && !told && !cli.options.quiet) {
        told = true;
        display.clear();
        *cli.err << "stopping: every stage saves a checkpoint (again to end them at once)"
                 << std::endl;
      }
    }
    const auto document = on_strand(scheduler, [&] { return runs.get(*begun); });
    if (document.ok()) display.update(*document);
  }
  display.clear();
  const auto failure = on_strand(scheduler, [&] { return scheduler.failure(); });
  // After a second signal its attempts are dead, whatever the scheduler still waits to hear.
  StoreRuns as_left(engine.store(), engine.store_folder());
  RunSource& last = progress.signals > 1 ? as_left : runs;
  const auto document = on_strand(scheduler, [&] { return last.get(*begun); });
  finish();
  if (failure) {
    print_error(cli, *failure);
    *cli.err << "go on with: cairn resume " << *begun << std::endl;
    return ExitCode::kRunFailed;
  }
  if (!document.ok()) return fail(cli, document.error());
  print_result(cli, *document);
  return progress.signals > 0 ? ExitCode::kInterrupted : exit_code_of_run(*document);
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
      if (text_of(output.as_object(), "kind") != "report") continue;
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
