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
#include "core/host/spool.h"
#include "core/sdk/runtime/attempt_files.h"
#include "schemas/host.grpc.pb.h"

namespace cairn::host {

// Takes one host at a time and keeps what it says.
class FakeEngine final : public v1::Hosts::Service {
 public:
  explicit FakeEngine(const fs::path& socket);
  ~FakeEngine() override;

  grpc::Status Attach(grpc::ServerContext* context,
                      grpc::ServerReaderWriter<v1::EngineCommand, v1::HostReport>* stream) override;

  // Kept until a host is there.
  void send(v1::EngineCommand command);
  void assign(const v1::Assignment& assignment);
  void cancel(const v1::AttemptId& attempt);
  void acknowledge(const v1::HostReport& report);
  void release();

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
  grpc::ServerReaderWriter<v1::EngineCommand, v1::HostReport>* stream_ = nullptr;
  std::deque<v1::EngineCommand> commands_;
  std::deque<v1::HostReport> reports_;
  std::optional<v1::Heartbeat> heartbeat_;
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

  // Of the one task; each call makes the next attempt.
  v1::Assignment assignment(const std::string& library, const std::string& stage_type,
                            const json::object& params, const std::vector<std::string>& outputs);
  v1::Assignment count(json::object params);
  [[nodiscard]] AttemptFolder attempt_folder() const { return task_.attempt(attempts_); }
  [[nodiscard]] std::string output_log() const;
  [[nodiscard]] std::vector<v1::HostReport> spooled() const;
  // What a walk with these parameters ends with when nobody disturbs it.
  std::map<std::string, std::string> undisturbed(const json::object& params);
  static std::map<std::string, std::string> digests(const v1::Finished& finished);

  // A folder of gates (probe.count); reached() waits until the stage stands before a step.
  void reached(int step) const;
  void open_gate(const std::string& name) const;

  fs::path folder_;
  fs::path gates_;
  TaskFolder task_;
  int attempts_ = 0;
  std::unique_ptr<FakeEngine> engine_;
  pid_t host_ = -1;
};

// Polls, bounded by half a minute.
void wait_until(const std::function<bool()>& condition);

}  // namespace cairn::host
