#include "core/server/engine_process.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <random>
#include <thread>

#include "core/base/boundary.h"
#include "core/base/text.h"
#include "core/executors/local_executor.h"
#include "core/executors/machine.h"
#include "core/server/access_token.h"
#include "core/server/control_service.h"
#include "core/server/host_gateway.h"
#include "core/server/notifier.h"
#include "core/server/socket_path.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

constexpr std::chrono::seconds kShutdownPatience{2};

Result<void> prepare_folders(FileSystem& files, const EngineOptions& options) {
  CAIRN_TRY(files.make_directories(options.state_dir));
  CAIRN_ASSIGN(const DiskState disk, disk_state(options.state_dir));
  if (disk.kind != "local") {
    return invalid_argument(
        options.state_dir.string() + " lies on " + disk.kind + ", where a journal is not safe",
        "keep --state-dir on a local disk; --store-dir may be shared");
  }
  return {};
}

// "cairn run walk.yaml": the program and the first words after it.
std::string command_of(long pid) {
  constexpr std::size_t kWords = 3;
  const auto line = real_file_system().read("/proc/" + std::to_string(pid) + "/cmdline");
  if (!line.ok()) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(*line, '\0')) {
    if (word.empty() || words.size() == kWords) break;
    words.push_back(words.empty() ? fs::path(word).filename().string() : std::string(word));
  }
  return printable(join(words, " "));
}

// A store that is held by another engine: who, and the way out.
Error held_by(const fs::path& state_dir, Error error) {
  if (error.code != ErrorCode::kConflict) return error;
  if (const auto holder = store_holder(state_dir)) {
    const std::string command = command_of(*holder);
    error.message = "the state folder " + state_dir.string() + " is held by process " +
                    std::to_string(*holder) + (command.empty() ? "" : " (" + command + ")");
  }
  error.hint =
      "hand the work to it: cairn submit FILE; or choose another folder with --state-dir, or stop "
      "that process";
  return error;
}

class EmbeddedEngine final : public EngineProcess {
 public:
  EmbeddedEngine(const EngineOptions& options, FileSystem& files, const Clock& clock,
                 std::unique_ptr<RunStore> store, fs::path socket, const StoreUser& user,
                 StoreUse use)
      : store_folder_(fs::absolute(options.store_dir)),
        socket_(std::move(socket)),
        store_(std::move(store)),
        use_(std::move(use)),
        artifacts_(store_folder_, files),
        stored_artifacts_(artifacts_, files),
        executor_(io_.get_executor(),
                  {options.host_program, socket_, store_folder_, options.orphan_timeout,
                   options.environment, options.variables}),
        spools_(file_spool_reader(files, store_folder_)),
        notifier_(options.environment, options.notify_timeout),
        scheduler_(io_, ports(options, clock, files), config(options)),
        control_(scheduler_, *store_, artifacts_, user),
        api_(scheduler_, *store_, control_, api_options(options), clock),
        service_(api_, *store_) {}

  ~EmbeddedEngine() override {
    service_.close();
    door_.reset();
    if (server_) {
      server_->Shutdown(std::chrono::system_clock::now() + kShutdownPatience);
      server_->Wait();
    }
    work_.reset();
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  Result<void> listen() {
    thread_ = std::thread([this] { io_.run(); });
    grpc::ServerBuilder builder;
    int bound = 0;
    builder.AddListeningPort("unix:" + socket_.string(), grpc::InsecureServerCredentials(), &bound);
    builder.RegisterService(static_cast<v1::Hosts::CallbackService*>(&gateway_));
    builder.RegisterService(&service_);
    // A workflow of 100,000 tasks is longer than gRPC's default of 4 MiB.
    builder.SetMaxReceiveMessageSize(-1);
    builder.SetMaxSendMessageSize(-1);
    // Nobody else may connect, not even between bind and chmod.
    const mode_t before = ::umask(0177);
    server_ = builder.BuildAndStart();
    ::umask(before);
    if (!server_ || bound == 0) {
      return make_error(ErrorCode::kIo, "cannot listen on " + socket_.string(),
                        "check that its folder is writable");
    }
    return {};
  }
  Result<void> open_door(const TcpOptions& options, const fs::path& state_dir) {
    CAIRN_TRY(make_or_read_token(state_dir));
    CAIRN_ASSIGN(std::shared_ptr<AccessTokens> tokens,
                 AccessTokens::open(state_dir, system_clock()));
    CAIRN_ASSIGN(door_, TcpDoor::open(options, std::move(tokens), service_));
    return {};
  }

  Scheduler& scheduler() override { return scheduler_; }
  RunStore& store() override { return *store_; }
  EngineControl& control() override { return control_; }
  api::Api& api() override { return api_; }
  const fs::path& store_folder() const override { return store_folder_; }
  const fs::path& socket() const override { return socket_; }
  std::string tcp_address() const override { return door_ ? door_->address() : std::string(); }

 private:
  SchedulerPorts ports(const EngineOptions& options, const Clock& clock, FileSystem& files) {
    SchedulerPorts ports{
        .store = *store_,
        .artifacts = stored_artifacts_,
        .executor = executor_,
        .link = gateway_,
        .spools = *spools_,
        .clock = clock,
        .files = files,
        .random =
            [] {
              std::random_device device;
              return (std::uint64_t{device()} << 32) | device();
            },
        .notify = [this](const RunState& state,
                         const std::string& what) { notifier_.notify(state, what); }};
    ports.trust_plugin = options.trust_plugin;
    ports.free_space = [this] {
      const auto disk = disk_state(store_folder_);
      return disk.ok() ? disk->free_bytes : ~std::uint64_t{0};
    };
    return ports;
  }
  static api::ApiOptions api_options(const EngineOptions& options) {
    api::ApiOptions api;
    api.state_dir = options.state_dir;
    api.scratch = options.state_dir;
    api.host_program = options.host_program;
    api.plugin_dirs = options.plugin_dirs;
    api.version = options.version;
    api.command = options.command;
    api.capture = options.capture;
    api.totals = options.totals;
    api.free_space = options.free_space;
    return api;
  }
  static SchedulerConfig config(const EngineOptions& options) {
    SchedulerConfig config;
    config.totals = options.totals;
    config.free_space = options.free_space;
    config.keep_warm = options.keep_warm;
    config.privileges = options.privileges;
    config.recovers_first = true;
    return config;
  }

  // The io_context is run by one thread, so all of it is the scheduler's strand.
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  fs::path store_folder_;
  fs::path socket_;
  std::unique_ptr<RunStore> store_;
  StoreUse use_;
  ContentStore artifacts_;
  StoredArtifacts stored_artifacts_;
  LocalExecutor executor_;
  HostGateway gateway_;
  std::unique_ptr<SpoolReader> spools_;
  Notifier notifier_;
  Scheduler scheduler_;
  EngineControl control_;
  api::Api api_;
  ControlService service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<TcpDoor> door_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<EngineProcess>> EngineProcess::start(const EngineOptions& options,
                                                            FileSystem& files, const Clock& clock) {
  const PersistenceBoundary boundary(Boundary::kEngineSocket);
  if (options.tcp) CAIRN_TRY(check_tcp_options(*options.tcp));
  CAIRN_TRY(prepare_folders(files, options));
  auto store = open_rocks_store(options.state_dir);
  if (!store.ok()) return held_by(options.state_dir, std::move(store).error());
  CAIRN_TRY(files.make_directories(options.store_dir));
  CAIRN_ASSIGN(fs::path socket, choose_socket_path(files, options.state_dir, options.runtime_dir));
  const StoreUser user{(*store)->identity(), fs::absolute(options.state_dir), machine_name(),
                       options.temporary};
  CAIRN_ASSIGN(StoreUse use, StoreUse::begin(files, options.store_dir, user));
  auto engine = std::make_unique<EmbeddedEngine>(options, files, clock, std::move(store).value(),
                                                 std::move(socket), user, std::move(use));
  CAIRN_TRY(engine->listen());
  if (options.tcp) CAIRN_TRY(engine->open_door(*options.tcp, options.state_dir));
  return std::unique_ptr<EngineProcess>(std::move(engine));
}

}  // namespace cairn
