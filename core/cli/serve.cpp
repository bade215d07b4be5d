// cairn serve
#include <unistd.h>

#include <boost/asio/signal_set.hpp>
#include <condition_variable>
#include <csignal>
#include <memory>
#include <mutex>

#include "core/cli/commands.h"
#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/engine/load.h"
#include "core/server/on_strand.h"

namespace cairn {
namespace {

// Waits for signals, and for runs to stop after the first of them.
class Service {
 public:
  Service(const Cli& cli, EngineProcess& engine)
      : cli_(cli),
        engine_(engine),
        scheduler_(engine.scheduler()),
        signals_(scheduler_.strand(), SIGINT, SIGTERM) {
    await_signal();
    on_strand(scheduler_, [this] {
      scheduler_.on_idle([state = state_] {
        const std::lock_guard lock(state->mutex);
        state->changed.notify_all();
      });
      return true;
    });
  }
  ~Service() {
    on_strand(scheduler_, [this] {
      boost::system::error_code ignored;
      return signals_.cancel(ignored);
    });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Takes up every run that an earlier engine left; one that cannot be is told and left alone.
  Result<std::size_t> recover() {
    CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(engine_.store()));
    std::size_t count = 0;
    for (const RunRow& row : rows) {
      if (row.status != "running") continue;
      const auto recovered = on_strand(scheduler_, [&] { return scheduler_.recover(row.id); });
      if (recovered.ok()) {
        ++count;
      } else {
        print_warning(cli_, with_context(recovered.error(), "run " + row.id));
      }
    }
    return count;
  }

  ExitCode serve() {
    bool told = false;
    for (;;) {
      std::optional<Error> failure;
      bool idle = false;
      on_strand(scheduler_, [&] {
        failure = scheduler_.failure();
        idle = scheduler_.idle();
        return true;
      });
      if (failure) return fail(cli_, *failure);
      std::unique_lock lock(state_->mutex);
      if (state_->signals > 1 || (state_->signals == 1 && idle)) break;
      if (state_->signals == 1 && !told && !cli_.options.quiet) {
        *cli_.err << "stopping: every stage saves a checkpoint (again to end them at once)"
                  << std::endl;
      }
      told = state_->signals == 1;
      state_->changed.wait_for(lock, kLook);
    }
    const std::lock_guard lock(state_->mutex);
    return state_->stopped_work ? ExitCode::kInterrupted : ExitCode::kDone;
  }

 private:
  // How often the scheduler is asked whether it has halted.
  static constexpr std::chrono::seconds kLook{1};

  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    int signals = 0;
    bool stopped_work = false;  // a run was going on when the first signal came
  };

  void await_signal() {
    signals_.async_wait([this](const boost::system::error_code& error, int) {
      if (error) return;
      int received = 0;
      {
        const std::lock_guard lock(state_->mutex);
        received = ++state_->signals;
        if (received == 1) state_->stopped_work = goes_on();
        state_->changed.notify_all();
      }
      if (received == 1) {
        engine_.control().close();
        scheduler_.interrupt_all();
      } else {
        scheduler_.kill_all();
      }
      await_signal();
    });
  }

  [[nodiscard]] bool goes_on() const {
    for (const std::string& id : scheduler_.runs()) {
      if (scheduler_.find(id)->status == RunStatus::kRunning) return true;
    }
    return false;
  }

  const Cli& cli_;
  EngineProcess& engine_;
  Scheduler& scheduler_;
  boost::asio::signal_set signals_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

void say_ready(const Cli& cli, const fs::path& socket, std::size_t recovered) {
  if (cli.options.output == OutputFormat::kJson) {
    *cli.out << json::serialize(json::object{{"socket", socket.string()}, {"pid", ::getpid()}})
             << std::endl;
    return;
  }
  *cli.out << "serving " << fs::absolute(cli.options.state_dir).lexically_normal().string()
           << " on " << socket.string() << std::endl;
  if (recovered > 0 && !cli.options.quiet)
    *cli.err << recovered << (recovered == 1 ? " run goes on" : " runs go on") << std::endl;
}

ExitCode serve(const Cli& cli, const MachineOptions& machine) {
  auto engine = start_engine(cli, machine, "serve", EngineUse::kService);
  if (!engine.ok()) return fail(cli, engine.error());
  Service service(cli, **engine);
  const auto recovered = service.recover();
  if (!recovered.ok()) return fail(cli, recovered.error());
  say_ready(cli, (*engine)->socket(), *recovered);
  return service.serve();
}

}  // namespace

void add_serve(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "serve",
      "Serve the state folder: go on with its runs, take new ones, until SIGINT or SIGTERM");
  command->footer(
      "The first signal lets every stage save a checkpoint and stop; a second ends them at once.\n"
      "Exits with 0 where nothing was going on, with 130 where runs were interrupted.");
  auto machine = std::make_shared<MachineOptions>();
  add_machine_options(*command, machine);
  command->callback(
      [&cli, machine] { cli.action = [&cli, machine] { return serve(cli, *machine); }; });
}

}  // namespace cairn
