// Host: the loop of a host process. It keeps one stream to the engine, runs one attempt at a time,
// and decides when the process is no longer needed.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/host/attempt.h"
#include "core/host/engine_link.h"
#include "core/host/options.h"

namespace cairn::host {

class Host {
 public:
  Host(Options options, FileSystem& files, const Clock& clock);
  ~Host();

  // Runs until released, asked to end, or left alone; returns the exit code.
  //   0  released, or ended as asked     3  left alone by the engine
  //   4  the state folder is gone        5  asked to stop, and the stage would not
  [[nodiscard]] int serve();

  // SIGTERM or SIGINT came; from any thread.
  void ask_to_end();

 private:
  struct Connected {};
  struct Lost {};
  struct AskedToEnd {};
  using Event = std::variant<Connected, Lost, AskedToEnd, v1::EngineCommand, v1::HostReport>;

  void push(Event event);
  [[nodiscard]] std::optional<Event> next_event();
  void handle(Connected);
  void handle(Lost);
  void handle(AskedToEnd);
  void handle(const v1::EngineCommand& command);
  void handle(v1::HostReport report);
  void assign(const v1::Assignment& assignment);
  void acknowledge(const v1::Ack& ack);
  void connect();
  void beat();
  void check_loneliness();
  void shorten_output();
  [[nodiscard]] bool folders_exist() const;

  const Options options_;
  FileSystem& files_;
  const Clock& clock_;
  PluginShelf shelf_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Event> events_;  // guarded by mutex_

  // Of the loop's thread.
  std::unique_ptr<EngineLink> link_;
  bool connected_ = false;
  bool connecting_ = false;
  Duration next_connect_{0};
  Duration next_beat_{0};
  Duration alone_since_{0};
  std::optional<Duration> told_to_stop_at_;
  bool leaving_ = false;
  std::unique_ptr<Attempt> attempt_;
  bool attempt_ended_ = false;
  Duration ended_at_{0};
  std::vector<v1::HostReport> unacknowledged_;
  std::optional<int> exit_code_;
};

// Starts the host of this process; returns its exit code.
[[nodiscard]] int serve_engine(const Options& options);

}  // namespace cairn::host
