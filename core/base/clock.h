// Clock: time as something that is given, so that tests move it by hand.
#pragma once

#include <chrono>
#include <string>

#include "core/base/result.h"

namespace cairn {

using Duration = std::chrono::milliseconds;
// Milliseconds since the Unix epoch, UTC.
using WallTime = std::chrono::time_point<std::chrono::system_clock, std::chrono::milliseconds>;

// Thread-safe. now() may jump with the system clock; monotonic() never goes back.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual WallTime now() const = 0;
  [[nodiscard]] virtual Duration monotonic() const = 0;
};

// The machine's clock; lives as long as the process.
[[nodiscard]] const Clock& system_clock();

// "2026-11-23T10:46:05.120Z"
[[nodiscard]] std::string format_rfc3339(WallTime time);
// Takes that form, and the form without milliseconds.
[[nodiscard]] Result<WallTime> parse_rfc3339(const std::string& text);

}  // namespace cairn
