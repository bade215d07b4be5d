// cairn serve
#include <unistd.h>

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>

#include "core/cli/commands.h"
#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/cli/stop_signals.h"
#include "core/engine/load.h"
#include "core/server/on_strand.h"
#include "core/server/web_server.h"
#include "ui/page_files.h"

namespace cairn {
namespace {

// Waits for signals, and for runs to stop after the first of them.
class Service {
 public:
  Service(const Cli& cli, EngineProcess& engine)
      : cli_(cli),
        engine_(engine),
        scheduler_(engine.scheduler()),
        stop_signals_(engine, [this](int count) {
          const std::lock_guard lock(state_->mutex);
          if (count == 1) state_->stopped_work = goes_on();
          state_->signals = count;
          state_->changed.notify_all();
        }) {
    on_strand(scheduler_, [this] {
      scheduler_.on_idle([state = state_] {
        const std::lock_guard lock(state->mutex);
        state->changed.notify_all();
      });
      return true;
    });
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // Takes up every run that an earlier engine left; one that cannot be is told and left alone.
  Result<std::size_t> recover() {
    CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(engine_.store()));
    std::vector<std::string> unfinished;
    for (const RunRow& row : rows) {
      if (row.status == "running") unfinished.push_back(row.id);
    }
    const auto recovered = on_strand(scheduler_, [&] { return scheduler_.recover(unfinished); });
    if (!recovered.ok()) {
      // They are taken up all the same, and go on once there is space.
      if (recovered.error().code != ErrorCode::kResourceExhausted) return recovered.error();
      print_warning(cli_, recovered.error());
      return unfinished.size();
    }
    for (const auto& [run, error] : *recovered)
      print_warning(cli_, with_context(error, "run " + run));
    const auto rest = on_strand(scheduler_, [&]() -> Result<void> {
      if (recovered->empty()) return scheduler_.remove_dead_hosts();
      CAIRN_TRY(scheduler_.hold_for_others());
      return {};
    });
    if (!rest.ok()) print_warning(cli_, rest.error());
    return unfinished.size() - recovered->size();
  }

  // look_after: called about once a minute.
  ExitCode serve(const std::function<void()>& look_after) {
    bool told = false;
    for (int looks = 0;; ++looks) {
      if (looks % kLooksAMinute == 0) look_after();
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
      if (state_->signals == 1 && !std::exchange(told, true)) say_stopping(cli_);
      state_->changed.wait_for(lock, kLook);
    }
    const std::lock_guard lock(state_->mutex);
    return state_->stopped_work ? ExitCode::kInterrupted : ExitCode::kDone;
  }

 private:
  // How often the scheduler is asked whether it has halted.
  static constexpr std::chrono::seconds kLook{1};
  static constexpr int kLooksAMinute = 60;

  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    int signals = 0;
    bool stopped_work = false;  // a run was going on when the first signal came
  };

  [[nodiscard]] bool goes_on() const {
    for (const std::string& id : scheduler_.runs()) {
      if (scheduler_.find(id)->status == RunStatus::kRunning) return true;
    }
    return false;
  }

  const Cli& cli_;
  EngineProcess& engine_;
  Scheduler& scheduler_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
  StopSignals stop_signals_;
};

void say_ready(const Cli& cli, const EngineProcess& engine, const std::string& http,
               std::size_t recovered) {
  const std::string tcp = engine.tcp_address();
  if (cli.options.output == OutputFormat::kJson) {
    json::object ready{{"http", http}, {"socket", engine.socket().string()}, {"pid", ::getpid()}};
    if (!tcp.empty()) ready["server"] = tcp;
    *cli.out << json::serialize(ready) << std::endl;
    return;
  }
  *cli.out << "serving " << fs::absolute(cli.options.state_dir).lexically_normal().string()
           << " on " << http << ", " << engine.socket().string() << (tcp.empty() ? "" : " and ")
           << tcp << std::endl;
  if (recovered > 0 && !cli.options.quiet)
    *cli.err << recovered << (recovered == 1 ? " run goes on" : " runs go on") << std::endl;
}

struct ServeRequest {
  MachineOptions machine;
  DoorOptions http;
  fs::path access_log;
  TcpOptions tcp;
};

std::optional<api::PageFile> find_page(std::string_view path) {
  const auto file = page::find_page_file(path);
  if (!file) return std::nullopt;
  return api::PageFile{file->bytes, file->gzip, file->media_type, file->sha256};
}

Result<std::unique_ptr<WebServer>> start_web(const Cli& cli, EngineProcess& engine,
                                             const ServeRequest& request) {
  WebOptions options{request.http, cli.options.state_dir, request.access_log, kCairnVersion,
                     find_page};
  auto web = WebServer::start(engine, options, system_clock());
  if (web.ok() || !request.http.address.empty()) return web;
  if (web.error().code != ErrorCode::kIo) return web;
  // Nobody asked for this port, and another server has it.
  print_warning(cli, web.error());
  options.door.address = "localhost:0";
  return WebServer::start(engine, options, system_clock());
}

ExitCode serve(const Cli& cli, ServeRequest request) {
  request.http.tls_certificate = request.tcp.tls_certificate;
  request.http.tls_key = request.tcp.tls_key;
  std::optional<TcpOptions> tcp;
  if (!request.tcp.address.empty()) tcp = request.tcp;
  if (const auto door = check_door_options(request.http); !door.ok()) {
    print_error(cli, door.error());
    return ExitCode::kUsage;
  }
  auto engine = start_engine(cli, request.machine, "serve", EngineUse::kService, std::move(tcp));
  if (!engine.ok()) return fail(cli, engine.error());
  Service service(cli, **engine);
  const auto recovered = service.recover();
  if (!recovered.ok()) return fail(cli, recovered.error());
  auto web = start_web(cli, **engine, request);
  if (!web.ok()) return fail(cli, web.error());
  say_ready(cli, **engine, (*web)->url(), *recovered);
  return service.serve([&] { (*web)->look_after(); });
}

void add_web_options(CLI::App& command, const std::shared_ptr<ServeRequest>& request) {
  const char* group = "Page and API";
  command
      .add_option("--http", request->http.address,
                  "Where they are (localhost:" + std::to_string(kHttpPort) + "); port 0: any free")
      ->type_name("HOST:PORT")
      ->group(group);
  command
      .add_flag("--behind-proxy", request->http.behind_proxy,
                "A proxy before it speaks TLS with browsers; name it with --trusted-origin")
      ->group(group);
  command
      .add_option("--trusted-origin", request->http.trusted_origins,
                  "Another name that it is called by: https://NAME, or NAME:PORT; repeatable")
      ->type_name("ORIGIN")
      ->group(group);
  command
      .add_option("--access-log", request->access_log,
                  "A line of JSON for each request, in a file for its owner alone")
      ->type_name("FILE")
      ->group(group);
}

}  // namespace

void add_serve(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "serve",
      "Serve the state folder: go on with its runs, take new ones, until SIGINT or SIGTERM");
  command->footer(
      "The first signal lets every stage save a checkpoint and stop; a second ends them at once.\n"
      "Exits with 0 where nothing was going on, with 130 where runs were interrupted.");
  auto request = std::make_shared<ServeRequest>();
  command
      ->add_option("--listen", request->tcp.address,
                   "Also listen on TCP, for commands with --server; without TLS on this machine "
                   "only")
      ->type_name("HOST:PORT");
  command
      ->add_option("--tls-cert", request->tcp.tls_certificate,
                   "Certificate (PEM) of all that it listens on")
      ->type_name("FILE");
  command->add_option("--tls-key", request->tcp.tls_key, "The certificate's key (PEM)")
      ->type_name("FILE");
  add_web_options(*command, request);
  add_machine_options(*command, std::shared_ptr<MachineOptions>(request, &request->machine));
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return serve(cli, *request); }; });
}

}  // namespace cairn
