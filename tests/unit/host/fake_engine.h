// The engine's end of the stream, for tests of the host process, and that process.
#pragma once

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <sys/types.h>

#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/sdk/runtime/attempt_files.h"
#include "schemas/host.grpc.pb.h"

namespace cairn::host {

// An assignment with the stage's part of it.
struct Task {
  v1::StageWork stage;
  v1::Assignment assignment;
  [[nodiscard]] const v1::AttemptId& id() const { return assignment.attempt(); }
};

// Takes one host at a time and keeps what it says.
class FakeEngine final : public v1::Hosts::Service {
 public:
  using Stream = grpc::ServerReaderWriter<v1::EngineCommands, v1::HostReports>;

  explicit FakeEngine(const fs::path& socket);
  ~FakeEngine() override;

  grpc::Status Attach(grpc::ServerContext* context, Stream* stream) override;

  // Kept until a host is there.
  void send(v1::EngineCommands commands);
  void assign(const Task& task);
  void assign(const std::vector<Task>& tasks);  // in one message
  void cancel(const v1::AttemptId& attempt);
  void acknowledge(std::uint64_t sequence);
  void acknowledge(const v1::HostReport& report) { acknowledge(report.sequence()); }
  void recall();
  void release();

  // From now on messages go there, from the stream's thread, instead of being kept.
  void watch(std::function<void(const v1::HostReports&)> watcher);

  // The next report that is no heartbeat; fails the test after half a minute.
  v1::HostReport next();
  // Reads and acknowledges up to Finished.
  v1::Finished finish();
  // Waits until the stream of a host that ended is closed: commands are for the next host.
  void wait_for_detach();
  // The newest heartbeat, once there is one.
  v1::Heartbeat heartbeat();

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  Stream* stream_ = nullptr;
  std::deque<v1::EngineCommands> commands_;
  std::deque<v1::HostReport> reports_;
  std::optional<v1::Heartbeat> heartbeat_;
  std::function<void(const v1::HostReports&)> watcher_;
  std::unique_ptr<grpc::Server> server_;
};

// A state folder with a socket, one task, and host processes that serve it.
class HostTest : public ::testing::Test {
 protected:
  HostTest();
  ~HostTest() override;

  void start_engine() { engine_ = std::make_unique<FakeEngine>(folder_ / "socket"); }
  void start_host(const std::string& orphan_timeout = "10m");
  // How the host ended: its exit code, or minus the signal.
  int wait_for_host();
  void signal_host(int signal) const;

  // Of the one task; each call makes the next attempt, of a stage of its own.
  Task task(const fs::path& library, const std::string& stage_type, const json::object& params,
            const std::vector<std::string>& outputs);
  Task count(json::object params);
  Task noop();
  Task shell(const std::string& run, json::object env = {});
  static fs::path test_plugin(const std::string& library);
  [[nodiscard]] AttemptFolder attempt_folder() const { return task_.attempt(attempts_); }
  [[nodiscard]] std::string output_log() const;
  // What the host printed outside of attempts with a file of their own.
  [[nodiscard]] std::string host_output() const;
  [[nodiscard]] std::vector<v1::HostReport> spooled() const;
  // Files and folders below the store, sorted, apart from artifacts.
  [[nodiscard]] std::vector<std::string> store_entries() const;
  [[nodiscard]] std::string artifact(const v1::Finished& finished, const std::string& name) const;
  // What a walk with these parameters ends with when nobody disturbs it.
  std::map<std::string, std::string> undisturbed(const json::object& params);
  static std::map<std::string, std::string> digests(const v1::Finished& finished);

  // A folder of gates (probe.count); reached() waits until the stage stands before a step.
  void reached(int step) const;
  void open_gate(const std::string& name) const;

  fs::path folder_;
  fs::path gates_;
  fs::path store_;
  HostFolder host_files_;
  TaskFolder task_;
  int attempts_ = 0;
  std::unique_ptr<FakeEngine> engine_;
  pid_t host_ = -1;
};

// Polls, bounded by half a minute.
void wait_until(const std::function<bool()>& condition);

}  // namespace cairn::host
