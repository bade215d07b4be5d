// The reports of one attempt, on disk before they are sent: what an engine that was not there can
// still read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/framed_log.h"
#include "core/base/result.h"
#include "schemas/host.pb.h"

namespace cairn {

// Every whole report of a spool, in order; a torn end is left out. No file: none.
[[nodiscard]] Result<std::vector<v1::HostReport>> read_spool(FileSystem& files,
                                                             const fs::path& path);

// Not thread-safe; one process writes a spool at a time.
class Spool {
 public:
  // Continues the numbers of what is there.
  [[nodiscard]] static Result<Spool> open(FileSystem& files, const fs::path& path,
                                          v1::AttemptId attempt);
  // Fills in attempt and sequence; durable when it returns.
  [[nodiscard]] Result<v1::HostReport> append(v1::HostReport report);

 private:
  Spool(FramedLogWriter writer, v1::AttemptId attempt, std::uint64_t last)
      : writer_(std::move(writer)), attempt_(std::move(attempt)), last_(last) {}
  FramedLogWriter writer_;
  v1::AttemptId attempt_;
  std::uint64_t last_;
};

// exit.json: written when an attempt has ended, after its last report. A process that ended
// without one crashed.
struct ExitRecord {
  std::string cause;  // empty on success
  std::string message;
  std::uint64_t token = 0;
};
[[nodiscard]] Result<void> write_exit_record(FileSystem& files, const fs::path& path,
                                             const ExitRecord& record);
// not_found where there is none.
[[nodiscard]] Result<ExitRecord> read_exit_record(FileSystem& files, const fs::path& path);

}  // namespace cairn
