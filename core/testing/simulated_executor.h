// SimulatedExecutor: hosts without processes, moved one small action at a time.
//
// It plays the executor, the link and the spools at once, and outlives the schedulers that use it,
// as hosts do. Messages travel on wires that a test may hold up, double, shuffle or cut. An attempt
// counts steps, with these parameters:
//   steps     so many of them, a checkpoint after every checkpoint_every
//   fail      it ends with this cause instead of success
//   fails     only its first so many attempts do
//   alarm_at  a watchdog's rule 0 holds at this step, unless `calm` is set
//   items     output `list` is a JSON array of so many items
//   random    the seed goes into its output
// Output bytes depend on stage type, parameters, seed and inputs alone. One thread only.
#pragma once

#include <deque>
#include <map>
#include <optional>

#include "core/base/json.h"
#include "core/engine/executor.h"
#include "core/engine/host_link.h"
#include "core/testing/memory_artifacts.h"

namespace cairn::testing {

class SimulatedExecutor final : public Executor, public HostLink, public SpoolReader {
 public:
  explicit SimulatedExecutor(MemoryArtifacts& artifacts) : artifacts_(artifacts) {}

  // ---- moved by the test ----
  [[nodiscard]] std::vector<std::string> living() const;
  // Its end was reported, and it goes on.
  [[nodiscard]] bool haunts(const std::string& host) const { return ghosts_.contains(host); }
  // The host's next action: take a command, begin, one step, a checkpoint, finish. False when it
  // has nothing to do.
  bool act(const std::string& host);
  // Hands over up to `most` messages of the host's wire, together. False when there are none.
  bool deliver(const std::string& host, std::size_t most = 1000);
  // Everything on every wire.
  void deliver_all();
  void beat(const std::string& host);
  // Every host in a line of words, for the message of a failed life.
  [[nodiscard]] std::string describe() const;
  // A report as if the host had sent it.
  void inject(const std::string& host, const v1::HostReport& report) { reports_(host, {report}); }
  // The stream breaks: what is on its way is lost; the host attaches again and says what was not
  // acknowledged.
  void reconnect(const std::string& host);
  // The newest message arrives twice; two change places.
  void double_last(const std::string& host);
  void swap_last(const std::string& host);
  // kill -9. The exit is reported if an engine is there to see it.
  void crash(const std::string& host, bool oom = false);
  // The host no longer acts; only its lease ends it.
  void hang(const std::string& host);
  // kill() of this host reports its end, but it goes on for a while, as on another machine.
  void haunt(const std::string& host);
  // The engine is gone: what hosts report from now on reaches only their spools.
  void disconnect();
  // An engine is there again: living hosts attach and send what was not acknowledged.
  void attach_all();
  // The machine loses power: every host ends, and what no spool had synced is gone.
  void power_cut();
  // Messages that hosts send without being asked are delivered at once while set.
  bool prompt = true;

  // Steps worked, of all attempts together, by task folder.
  std::map<std::string, std::int64_t> steps_worked;
  std::map<std::string, int> attempts_begun;  // by task folder
  int crashes_while_working = 0;
  std::vector<HostRequest> requests;  // of hosts that were started, in their order
  // What an attempt that a spool says succeeded would be needed for again.
  bool forgives_repeats = false;
  // What must never happen, in words.
  std::vector<std::string> violations;
  std::int64_t checkpoint_every = 2;
  bool refuse_starts = false;  // start() fails while set
  bool ignore_cancel = false;  // hosts do not react to Cancel while set

  // Told before a command reaches a host, to check what must hold by then.
  std::function<void(const std::string& host, const v1::EngineCommand&)> on_command;

  // ---- Executor ----
  Result<HostHandle> start(const HostRequest& request) override;
  void kill(const HostHandle& host) override;
  bool adopt(const HostHandle& host) override;
  void on_exit(OnExit callback) override { exit_ = std::move(callback); }
  // ---- HostLink ----
  void send(const std::string& host, std::vector<v1::EngineCommand> commands) override;
  void forget(const std::string& host) override;
  void on_reports(OnReports callback) override { reports_ = std::move(callback); }
  // ---- SpoolReader ----
  Result<std::vector<v1::HostReport>> read(const std::string& host, std::uint64_t after) override;
  std::string last_output(const std::string&, const fs::path&) override { return "the last words"; }
  Result<std::vector<std::string>> list() override;
  void remove(const std::string& host) override;

 private:
  struct Order {
    v1::Assignment work;
    v1::StageWork stage;  // as it was when the order came: a later engine counts works anew
    bool cancelled = false;
  };
  struct Host {
    HostHandle handle;
    std::map<std::uint32_t, v1::StageWork> works;
    std::deque<Order> orders;  // the first is at work once begun
    bool begun = false;
    std::int64_t step = 0;
    bool attached = false;  // the engine has seen its Hello; commands are kept until then
    bool hung = false;
    bool haunted = false;
    std::deque<v1::EngineCommand> commands;
    std::deque<v1::HostReport> wire;
    std::vector<v1::HostReport> unacknowledged;
    std::uint64_t last = 0;  // sequence
  };
  struct SpoolFile {
    std::vector<v1::HostReport> reports;
    std::size_t synced = 0;
  };
  void take(Host& host, const v1::EngineCommand& command);
  void spool(Host& host, v1::HostReport report, const v1::AttemptId& attempt);
  void finish(Host& host, const std::string& cause, const v1::WatchdogAlarm* alarm = nullptr);
  void end(const std::string& name, HostExit exit);
  [[nodiscard]] v1::HostReport hello(const Host& host) const;
  [[nodiscard]] static json::object params_of(const Order& order);

  MemoryArtifacts& artifacts_;
  std::map<std::string, Host> hosts_;
  std::map<std::string, Host> ghosts_;
  std::map<std::string, SpoolFile> spools_;
  std::map<std::string, std::int64_t> checkpoints_;  // by task folder
  std::map<std::string, std::string> finished_;      // task folder -> host whose spool says so
  OnExit exit_;
  OnReports reports_;
  std::int64_t last_pid_ = 1000;
};

}  // namespace cairn::testing
