#include "tests/unit/host/fake_engine.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

namespace cairn::host {
namespace {

constexpr std::chrono::seconds kPatience{30};
constexpr int kPollMs = 10;

}  // namespace

void wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!condition()) {
    ASSERT_LT(std::chrono::steady_clock::now(), deadline) << "waited in vain";
    ::poll(nullptr, 0, kPollMs);
  }
}

FakeEngine::FakeEngine(const fs::path& socket) {
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + socket.string(), grpc::InsecureServerCredentials());
  builder.RegisterService(this);
  server_ = builder.BuildAndStart();
}

FakeEngine::~FakeEngine() {
  server_->Shutdown(std::chrono::system_clock::now());
}

grpc::Status FakeEngine::Attach(
    grpc::ServerContext*, grpc::ServerReaderWriter<v1::EngineCommand, v1::HostReport>* stream) {
  {
    const std::lock_guard lock(mutex_);
    stream_ = stream;
    for (; !commands_.empty(); commands_.pop_front()) stream->Write(commands_.front());
  }
  for (v1::HostReport report; stream->Read(&report);) {
    const std::lock_guard lock(mutex_);
    if (report.has_heartbeat())
      heartbeat_ = report.heartbeat();
    else
      reports_.push_back(report);
    changed_.notify_all();
  }
  const std::lock_guard lock(mutex_);
  stream_ = nullptr;
  reports_.clear();
  heartbeat_.reset();
  changed_.notify_all();
  return grpc::Status::OK;
}

void FakeEngine::wait_for_detach() {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return stream_ == nullptr; }));
}

void FakeEngine::send(v1::EngineCommand command) {
  const std::lock_guard lock(mutex_);
  if (stream_ == nullptr)
    commands_.push_back(std::move(command));
  else
    stream_->Write(command);
}

void FakeEngine::assign(const v1::Assignment& assignment) {
  v1::EngineCommand command;
  *command.mutable_assignment() = assignment;
  send(std::move(command));
}

void FakeEngine::cancel(const v1::AttemptId& attempt) {
  v1::EngineCommand command;
  *command.mutable_cancel()->mutable_attempt() = attempt;
  send(std::move(command));
}

void FakeEngine::acknowledge(const v1::HostReport& report) {
  v1::EngineCommand command;
  *command.mutable_ack()->mutable_attempt() = report.attempt();
  command.mutable_ack()->set_sequence(report.sequence());
  send(std::move(command));
}

void FakeEngine::release() {
  v1::EngineCommand command;
  command.mutable_release();
  send(std::move(command));
}

v1::HostReport FakeEngine::next() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, kPatience, [&] { return !reports_.empty(); })) {
    ADD_FAILURE() << "no report came";
    return {};
  }
  v1::HostReport report = std::move(reports_.front());
  reports_.pop_front();
  return report;
}

v1::Finished FakeEngine::finish() {
  for (;;) {
    const v1::HostReport report = next();
    if (report.report_case() == v1::HostReport::REPORT_NOT_SET) return {};
    acknowledge(report);
    if (report.has_finished()) return report.finished();
  }
}

v1::Heartbeat FakeEngine::heartbeat() {
  std::unique_lock lock(mutex_);
  EXPECT_TRUE(changed_.wait_for(lock, kPatience, [&] { return heartbeat_.has_value(); }));
  return heartbeat_.value_or(v1::Heartbeat());
}

HostTest::HostTest()
    : folder_(make_private_folder(fs::temp_directory_path(), "host-").value()),
      gates_(folder_ / "gates"),
      task_{folder_ / "store/runs/r/t"} {
  fs::create_directories(gates_);
  fs::create_directories(folder_ / "store");
  start_engine();
}

HostTest::~HostTest() {
  if (host_ > 0) {
    ::kill(host_, SIGKILL);
    wait_for_host();
  }
  engine_.reset();
  for (const auto& entry : fs::recursive_directory_iterator(folder_))
    if (entry.is_directory()) fs::permissions(entry, fs::perms::owner_all, fs::perm_options::add);
  fs::remove_all(folder_);
}

void HostTest::start_host(const std::string& orphan_timeout) {
  const std::vector<std::string> arguments = {CAIRN_BINARY_DIR "/bin/cairn-host",
                                              "--engine",
                                              folder_ / "socket",
                                              "--host",
                                              "host-1",
                                              "--store",
                                              folder_ / "store",
                                              "--orphan-timeout",
                                              orphan_timeout};
  std::vector<char*> argv;
  for (const auto& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, (folder_ / "host.log").c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0644);
  ASSERT_EQ(::posix_spawn(&host_, argv[0], &actions, nullptr, argv.data(), environ), 0);
  ::posix_spawn_file_actions_destroy(&actions);
}

int HostTest::wait_for_host() {
  int status = 0;
  ::waitpid(std::exchange(host_, -1), &status, 0);
  if (engine_) engine_->wait_for_detach();
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

void HostTest::signal_host(int signal) const {
  ::kill(host_, signal);
}

v1::Assignment HostTest::assignment(const std::string& library, const std::string& stage_type,
                                    const json::object& params,
                                    const std::vector<std::string>& outputs) {
  v1::Assignment assignment;
  const fs::path plugin = fs::path(CAIRN_BINARY_DIR "/test-plugins") / library;
  auto* id = assignment.mutable_attempt();
  id->set_run("r");
  id->set_task("t");
  id->set_attempt(static_cast<std::uint32_t>(++attempts_));
  id->set_token(static_cast<std::uint64_t>(100 + attempts_));
  assignment.set_stage_type(stage_type);
  assignment.set_plugin(plugin);
  assignment.set_plugin_digest(hash_file(plugin).value());
  assignment.set_params_json(json::serialize(params));
  for (const auto& name : outputs) {
    assignment.add_outputs()->set_name(name);
    assignment.mutable_outputs()->rbegin()->set_kind("file");
  }
  assignment.set_seed(5);
  assignment.mutable_resources()->set_cpus(2);
  assignment.set_task_folder(task_.root);
  assignment.set_store_folder(folder_ / "store");
  return assignment;
}

v1::Assignment HostTest::count(json::object params) {
  return assignment("probe.so", "probe.count", params, {"total", "rollouts"});
}

std::string HostTest::output_log() const {
  return real_file_system().read(attempt_folder().output_log()).value_or("");
}

std::vector<v1::HostReport> HostTest::spooled() const {
  return read_spool(real_file_system(), attempt_folder().spool()).value();
}

std::map<std::string, std::string> HostTest::digests(const v1::Finished& finished) {
  std::map<std::string, std::string> found;
  for (const auto& output : finished.outputs()) found[output.name()] = output.digest();
  return found;
}

std::map<std::string, std::string> HostTest::undisturbed(const json::object& params) {
  const TaskFolder kept = task_;
  task_.root = folder_ / "store/runs/r/undisturbed";
  start_host();
  engine_->assign(count(params));
  const auto found = digests(engine_->finish());
  engine_->release();
  EXPECT_EQ(wait_for_host(), 0);
  task_ = kept;
  attempts_ = 0;
  return found;
}

void HostTest::reached(int step) const {
  const fs::path mark = gates_ / ("reached-" + std::to_string(step));
  wait_until([&] { return fs::exists(mark); });
}

void HostTest::open_gate(const std::string& name) const {
  std::ofstream(gates_ / name).flush();
}

}  // namespace cairn::host
