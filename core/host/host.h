// Host: keeps in touch with the engine from inside a stage's process, has attempts run one after
// the other, and decides when the process is no longer needed.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/host/engine_link.h"
#include "core/host/memory_watch.h"
#include "core/host/options.h"
#include "core/host/outbox.h"
#include "core/host/worker.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn::host {

// Ends with the process only: see Worker.
class Host {
 public:
  Host(Options options, FileSystem& files, const Clock& clock);

  // Runs until released, asked to end, or left alone; returns the exit code.
  //   0  released, or ended as asked     3  left alone by the engine
  //   4  the state folder is gone        5  asked to stop, and the stage would not
  //   6  the stage took more memory than it was given
  [[nodiscard]] int serve();

  // SIGTERM or SIGINT came; from any thread.
  void ask_to_end();

 private:
  [[nodiscard]] bool open_folder();
  void sync_folder();
  void remove_folder();
  [[nodiscard]] Duration time_to_wait() const;
  void on_connected();
  void on_lost();
  void on_commands(v1::EngineCommands commands);
  void on_asked();
  void handle(v1::EngineCommand& command);
  void assign(v1::Assignment assignment);
  void hand_over();
  void cancel(const v1::AttemptId& id);
  void recall();
  void leave();
  void leave_if_done();
  void connect();
  void flush();
  void beat();
  void check_memory();
  void check_patience();
  void check_loneliness();
  [[nodiscard]] bool folders_exist() const;

  const Options options_;
  FileSystem& files_;
  const Clock& clock_;
  const HostFolder folder_;
  bool has_folder_ = false;
  PluginShelf shelf_;
  OutputCapture capture_;
  const MemoryWatch memory_;
  EngineLink link_;
  std::optional<Outbox> outbox_;
  std::optional<Workshop> shop_;
  std::optional<Worker> worker_;

  std::atomic<int> asks_{0};  // signals that came

  // Of the loop's thread.
  bool connected_ = false;
  bool connecting_ = false;
  Duration next_connect_{0};
  Duration next_beat_{0};
  Duration next_look_{0};             // at the memory
  std::optional<Duration> flush_at_;  // what the worker said that may wait
  Duration alone_since_{0};
  std::optional<Duration> told_to_stop_at_;
  bool leaving_ = false;   // takes no more work
  bool released_ = false;  // by the engine
  int asked_ = 0;          // signals heeded
  std::map<std::uint32_t, std::shared_ptr<Work>> works_;
  std::vector<Order> orders_;  // of the message that is being handled
  // Tokens, by run, of attempts whose end is not acknowledged.
  std::map<std::string, std::unordered_set<std::uint64_t>> in_hand_;
  std::optional<int> exit_code_;
};

// Starts the host of this process; returns its exit code.
[[nodiscard]] int serve_engine(const Options& options);

}  // namespace cairn::host
