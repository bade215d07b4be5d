#include "tests/unit/host/fake_engine.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>

#include "core/base/framed_log.h"

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

grpc::Status FakeEngine::Attach(grpc::ServerContext*, Stream* stream) {
  {
    const std::lock_guard lock(mutex_);
    stream_ = stream;
    for (; !commands_.empty(); commands_.pop_front()) stream->Write(commands_.front());
  }
  for (v1::HostReports message; stream->Read(&message);) {
    const std::lock_guard lock(mutex_);
    if (watcher_) {
      watcher_(message);
      continue;
    }
    for (const auto& report : message.reports()) {
      if (report.has_heartbeat())
        heartbeat_ = report.heartbeat();
      else
        reports_.push_back(report);
    }
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

void FakeEngine::watch(std::function<void(const v1::HostReports&)> watcher) {
  const std::lock_guard lock(mutex_);
  watcher_ = std::move(watcher);
}

void FakeEngine::send(v1::EngineCommands commands) {
  const std::lock_guard lock(mutex_);
  if (stream_ == nullptr)
    commands_.push_back(std::move(commands));
  else
    stream_->Write(commands);
}

void FakeEngine::assign(const Task& task) {
  assign(std::vector<Task>{task});
}

void FakeEngine::assign(const std::vector<Task>& tasks) {
  v1::EngineCommands commands;
  for (const auto& task : tasks) {
    if (task.stage.work() > 0) *commands.add_commands()->mutable_stage() = task.stage;
    *commands.add_commands()->mutable_assignment() = task.assignment;
  }
  send(std::move(commands));
}

void FakeEngine::cancel(const v1::AttemptId& attempt) {
  v1::EngineCommands commands;
  *commands.add_commands()->mutable_cancel()->mutable_attempt() = attempt;
  send(std::move(commands));
}

void FakeEngine::acknowledge(std::uint64_t sequence) {
  v1::EngineCommands commands;
  commands.add_commands()->mutable_ack()->set_sequence(sequence);
  send(std::move(commands));
}

void FakeEngine::recall() {
  v1::EngineCommands commands;
  commands.add_commands()->mutable_recall();
  send(std::move(commands));
}

void FakeEngine::release() {
  v1::EngineCommands commands;
  commands.add_commands()->mutable_release();
  send(std::move(commands));
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
    if (report.sequence() > 0) acknowledge(report);
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
      store_(folder_ / "store"),
      host_files_(host_folder(store_, "host-1")),
      task_{store_ / "runs/r/t"} {
  fs::create_directories(gates_);
  fs::create_directories(store_);
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

fs::path HostTest::test_plugin(const std::string& library) {
  return fs::path(CAIRN_BINARY_DIR "/test-plugins") / library;
}

Task HostTest::task(const fs::path& library, const std::string& stage_type,
                    const json::object& params, const std::vector<std::string>& outputs) {
  Task task;
  const auto number = static_cast<std::uint32_t>(++attempts_);
  task.stage.set_work(number);
  task.stage.set_stage_type(stage_type);
  task.stage.set_plugin(library);
  task.stage.set_plugin_digest(hash_file(library).value());
  task.stage.set_params_json(json::serialize(params));
  for (const auto& name : outputs) {
    task.stage.add_outputs()->set_name(name);
    task.stage.mutable_outputs()->rbegin()->set_kind("file");
  }
  task.stage.mutable_resources()->set_cpus(2);
  task.stage.set_store_folder(store_);
  auto* id = task.assignment.mutable_attempt();
  id->set_run("r");
  id->set_task(7);
  id->set_attempt(number);
  id->set_token(100 + number);
  task.assignment.set_work(number);
  task.assignment.set_seed(5);
  task.assignment.set_task_folder(task_.root.lexically_relative(store_));
  task.assignment.set_newest_checkpoint(-1);
  task.assignment.set_prelude_step(-1);
  return task;
}

Task HostTest::count(json::object params) {
  return task(test_plugin("probe.so"), "probe.count", params, {"total", "rollouts"});
}

Task HostTest::noop() {
  return task(CAIRN_BINARY_DIR "/plugins/noop.so", "noop", {}, {});
}

Task HostTest::shell(const std::string& run, json::object env) {
  return task(CAIRN_BINARY_DIR "/plugins/shell.so", "shell",
              {{"run", run}, {"env", std::move(env)}}, {});
}

std::string HostTest::output_log() const {
  return real_file_system().read(attempt_folder().output_log()).value_or("");
}

std::string HostTest::host_output() const {
  return real_file_system().read(host_files_.output_log()).value_or("");
}

std::vector<v1::HostReport> HostTest::spooled() const {
  std::vector<v1::HostReport> reports;
  const auto content = read_framed_log(real_file_system(), host_files_.spool()).value();
  for (const auto& frame : content.frames)
    EXPECT_TRUE(reports.emplace_back().ParseFromString(frame));
  return reports;
}

std::vector<std::string> HostTest::store_entries() const {
  std::vector<std::string> entries;
  for (const auto& entry : fs::recursive_directory_iterator(store_)) {
    std::string path = entry.path().lexically_relative(store_);
    if (!path.starts_with("artifacts")) entries.push_back(std::move(path));
  }
  std::sort(entries.begin(), entries.end());
  return entries;
}

std::string HostTest::artifact(const v1::Finished& finished, const std::string& name) const {
  for (const auto& output : finished.outputs()) {
    if (output.name() != name) continue;
    const std::string hex(digest_hex(output.digest()));
    return real_file_system()
        .read(store_ / "artifacts/sha256" / hex.substr(0, 2) / hex.substr(2))
        .value();
  }
  ADD_FAILURE() << "no output '" << name << "'";
  return {};
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
