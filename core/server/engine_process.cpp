#include "core/server/engine_process.h"

#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <boost/asio/executor_work_guard.hpp>
#include <random>
#include <thread>

#include "core/base/text.h"
#include "core/executors/local_executor.h"
#include "core/executors/machine.h"
#include "core/server/control_service.h"
#include "core/server/host_gateway.h"
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

// A store that is held by another engine: who, and the way out.
Error held_by(const fs::path& state_dir, Error error) {
  if (error.code != ErrorCode::kConflict) return error;
  if (const auto holder = store_holder(state_dir)) {
    const auto command = real_file_system().read("/proc/" + std::to_string(*holder) + "/comm");
    error.message = "the state folder " + state_dir.string() + " is held by process " +
                    std::to_string(*holder) +
                    (command.ok() ? " (" + std::string(trim(*command)) + ")" : "");
  }
  error.hint = "wait until it ends, stop it, or choose another folder with --state-dir";
  return error;
}

class EmbeddedEngine final : public EngineProcess {
 public:
  EmbeddedEngine(const EngineOptions& options, FileSystem& files, const Clock& clock,
                 std::unique_ptr<RunStore> store, fs::path socket)
      : store_folder_(fs::absolute(options.store_dir)),
        socket_(std::move(socket)),
        store_(std::move(store)),
        artifacts_(store_folder_, files),
        executor_(io_.get_executor(), {options.host_program, socket_, store_folder_,
                                       options.orphan_timeout, options.environment}),
        spools_(file_spool_reader(files)),
        scheduler_(io_, ports(clock), config(options)),
        control_(scheduler_, *store_, store_folder_, options.command) {}

  ~EmbeddedEngine() override {
    if (server_) {
      control_.close();
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
    builder.RegisterService(&control_);
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

  Scheduler& scheduler() override { return scheduler_; }
  boost::asio::io_context& io() override { return io_; }
  const RunStore& store() override { return *store_; }
  const fs::path& store_folder() const override { return store_folder_; }

 private:
  SchedulerPorts ports(const Clock& clock) {
    return {*store_, artifacts_, executor_, gateway_, *spools_, clock, [] {
              std::random_device device;
              return (std::uint64_t{device()} << 32) | device();
            }};
  }
  static SchedulerConfig config(const EngineOptions& options) {
    SchedulerConfig config;
    config.totals = options.totals;
    return config;
  }

  // The io_context is run by one thread, so all of it is the scheduler's strand.
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_{
      io_.get_executor()};
  fs::path store_folder_;
  fs::path socket_;
  std::unique_ptr<RunStore> store_;
  ContentStore artifacts_;
  LocalExecutor executor_;
  HostGateway gateway_;
  std::unique_ptr<SpoolReader> spools_;
  Scheduler scheduler_;
  ControlService control_;
  std::unique_ptr<grpc::Server> server_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<EngineProcess>> EngineProcess::start(const EngineOptions& options,
                                                            FileSystem& files, const Clock& clock) {
  CAIRN_TRY(prepare_folders(files, options));
  auto store = open_rocks_store(options.state_dir);
  if (!store.ok()) return held_by(options.state_dir, std::move(store).error());
  CAIRN_TRY(files.make_directories(options.store_dir));
  CAIRN_ASSIGN(fs::path socket, choose_socket_path(files, options.state_dir, options.runtime_dir));
  auto engine = std::make_unique<EmbeddedEngine>(options, files, clock, std::move(store).value(),
                                                 std::move(socket));
  CAIRN_TRY(engine->listen());
  return std::unique_ptr<EngineProcess>(std::move(engine));
}

}  // namespace cairn
