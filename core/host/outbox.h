// Outbox: the reports of this host, in its spool before they are sent, and kept until the engine
// has acknowledged them.
//
// While an engine listens the spool is not synced: what the engine has not journaled it has not
// acknowledged. Without one every report is synced as it comes. What cannot be written, on a full
// disk, is kept in memory, sent all the same, and written as soon as that is possible.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/framed_log.h"
#include "core/host/engine_link.h"
#include "schemas/host.pb.h"

namespace cairn::host {

// Thread-safe.
class Outbox {
 public:
  // Continues the numbers of what an earlier process left in the spool.
  Outbox(FileSystem& files, fs::path spool, EngineLink& link);

  // Numbers the report, writes it, sends it.
  void add(v1::HostReport report, EngineLink::When when = EngineLink::When::kNow);
  // Sends it and forgets it.
  void pass(const v1::HostReport& report);

  // Opens the stream: the Hello, then whatever is not acknowledged.
  void connect(const v1::HostReport& hello);
  void connected();
  void lost();
  // Forgets reports up to this one; the attempts whose last report was among them.
  [[nodiscard]] std::vector<v1::AttemptId> acknowledge(std::uint64_t sequence);
  // Tries again what could not be written.
  void retry();
  // Makes the spool durable.
  void sync();

  // Everything is acknowledged; the end of every attempt is.
  [[nodiscard]] bool empty() const;
  [[nodiscard]] bool settled() const;
  // Everything is acknowledged or in the spool.
  [[nodiscard]] bool safe() const;

 private:
  struct Kept {
    std::uint64_t sequence = 0;
    std::string bytes;                   // the report
    std::optional<v1::AttemptId> ended;  // by this report
  };

  // The following are called with the mutex held.
  [[nodiscard]] Result<void> open();
  [[nodiscard]] Result<void> write();
  void write_or_say();
  [[nodiscard]] Result<void> shorten();

  FileSystem& files_;
  const fs::path path_;
  EngineLink& link_;

  mutable std::mutex mutex_;  // guards what follows
  std::optional<FramedLogWriter> writer_;
  std::uint64_t last_ = 0;     // number of the newest report
  std::uint64_t written_ = 0;  // reports up to this one are in the spool, or acknowledged
  std::uint64_t shorten_at_;   // bytes
  std::deque<Kept> kept_;      // the last of all, without a gap
  bool connected_ = false;
  bool said_ = false;  // that the spool cannot be written
};

}  // namespace cairn::host
