// The access log: a line for each request that was answered, where the operator wants one
// (`cairn serve --access-log FILE`). One JSON object a line:
//
//   {"time": "2026-11-26T16:00:00.000Z", "peer": "127.0.0.1", "who": "ann", "method": "GET",
//    "route": "/api/v1/runs/{run}", "values": {"run": "..."}, "status": 200, "bytes": 5120,
//    "duration_ms": 3, "trace_id": "..."}
//
// "who" is empty for strangers, "route" where none matched, status 0 where the client left before
// an answer; a stream has "stream": true, and its duration is how long it was open. It holds no
// bodies, headers or queries, and of paths only the values of a route's {parts}. Old lines go, as
// those of the audit log do.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/http/observe.h"
#include "core/server/security/line_log.h"

namespace cairn {

// With its line end.
[[nodiscard]] std::string access_line(const http::Answered& answered, WallTime time);

// Thread-safe.
class AccessLog {
 public:
  // Errors: those of open_private_log. clock: outlives it.
  [[nodiscard]] static Result<std::unique_ptr<AccessLog>> open(const fs::path& path,
                                                               const Clock& clock,
                                                               LogLimits limits = {});
  // A line that cannot be written is told in the server's log.
  void record(const http::Answered& answered);

 private:
  AccessLog(std::unique_ptr<LineLog> log, const Clock& clock)
      : log_(std::move(log)), clock_(clock) {}

  const std::unique_ptr<LineLog> log_;
  const Clock& clock_;
};

}  // namespace cairn
