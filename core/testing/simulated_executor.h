// SimulatedExecutor: hosts without processes, moved one small action at a time.
//
// It plays the executor, the link and the spools at once, and outlives the schedulers that use it,
// as hosts do. An attempt counts steps: parameter `steps` of them, a checkpoint after every
// `checkpoint_every`; then it publishes each output, whose bytes depend on stage type, parameters,
// seed and inputs alone. Parameter `fail` makes it end with this cause instead.
// One thread only.
#pragma once

#include <map>
#include <optional>

#include "core/artifacts/content_store.h"
#include "core/engine/executor.h"
#include "core/engine/host_link.h"

namespace cairn::testing {

class SimulatedExecutor final : public Executor, public HostLink, public SpoolReader {
 public:
  explicit SimulatedExecutor(ContentStore& artifacts) : artifacts_(artifacts) {}

  // ---- moved by the test ----
  [[nodiscard]] std::vector<std::string> living() const;
  // The host's next action: begin, one step, a checkpoint, finish. False when it has nothing to do.
  bool act(const std::string& host);
  // kill -9. The exit is reported if an engine is there to see it.
  void crash(const std::string& host, bool oom = false);
  // The engine is gone: what hosts report from now on reaches only their spools.
  void disconnect();
  // An engine is there again: living hosts attach and send what was not acknowledged.
  void attach_all();

  // A report as if the host had sent it.
  void deliver(const std::string& host, const v1::HostReport& report) { report_(host, report); }

  // Steps worked, of all attempts together, by stage.
  std::map<std::string, std::int64_t> steps_worked;
  int crashes_while_working = 0;
  // What must never happen, in words.
  std::vector<std::string> violations;
  std::int64_t checkpoint_every = 2;
  // start() fails while set.
  bool refuse_starts = false;
  // Hosts do not react to Cancel while set.
  bool ignore_cancel = false;

  // ---- Executor ----
  [[nodiscard]] Result<HostHandle> start(const HostRequest& request) override;
  void kill(const HostHandle& host) override;
  [[nodiscard]] bool adopt(const HostHandle& host) override;
  void on_exit(OnExit callback) override { exit_ = std::move(callback); }
  // ---- HostLink ----
  void send(const std::string& host, const v1::EngineCommand& command) override;
  void forget(const std::string& host) override;
  void on_report(OnReport callback) override { report_ = std::move(callback); }
  // ---- SpoolReader ----
  [[nodiscard]] Result<std::vector<v1::HostReport>> read(const fs::path& attempt_folder,
                                                         std::uint64_t after) override;
  [[nodiscard]] std::string last_output(const fs::path&) override { return "the last words"; }

 private:
  struct Host {
    HostHandle handle;
    std::optional<v1::Assignment> work;
    std::int64_t step = 0;
    bool started = false;
    bool cancelled = false;
    std::uint64_t acknowledged = 0;
  };
  void spool(Host& host, v1::HostReport report);
  void finish(Host& host, const std::string& cause);
  void end(const std::string& name, HostExit exit);
  static fs::path folder_of(const v1::Assignment& work);

  ContentStore& artifacts_;
  std::map<std::string, Host> hosts_;
  std::map<std::string, std::vector<v1::HostReport>> spools_;
  std::map<std::string, std::int64_t> checkpoints_;  // by task folder
  OnExit exit_;
  OnReport report_;
  std::int64_t last_pid_ = 1000;
};

}  // namespace cairn::testing
