// A log of one JSON object a line, for its owner alone, that does not grow without end.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

struct LogLimits {
  std::uint64_t bytes = std::uint64_t{10} << 20;  // of one file
  int files = 3;                                  // with the one that is written
};

// The object and a line end. Nothing of it is a command to a terminal or turns lines around: what
// is not printable ASCII is escaped, so that a line is always one record.
[[nodiscard]] std::string json_line(const json::object& object);
// Text of others as a member of a line: valid, and 256 bytes of it at most.
[[nodiscard]] std::string line_text(const std::string& text);

// Appends to PATH; PATH.1, PATH.2 ... hold what came before. Thread-safe.
class LineLog {
 public:
  // Errors: those of open_private_log.
  [[nodiscard]] static Result<std::unique_ptr<LineLog>> open(fs::path path, LogLimits limits);
  // A whole line, with its end. Its errors are told in the server's log, once until a line is
  // written again, in the words "WHAT misses a line".
  void append(const std::string& line, const char* what);

 private:
  LineLog(fs::path path, LogLimits limits) : path_(std::move(path)), limits_(limits) {}
  [[nodiscard]] Result<void> begin_file();
  [[nodiscard]] Result<void> write(const std::string& line);

  const fs::path path_;
  const LogLimits limits_;
  std::mutex mutex_;
  Fd file_;
  std::uint64_t size_ = 0;
  bool told_ = false;
};

}  // namespace cairn
