// The audit log, STATE_DIR/audit.jsonl: who changed what over HTTP, who signed in and out, and who
// was refused. One JSON object a line:
//
//   {"time": "2026-11-26T16:00:00.000Z", "who": "ann", "role": "admin", "peer": "127.0.0.1",
//    "method": "POST", "route": "/api/v1/runs/{id}/cancel", "values": {"id": "..."},
//    "status": 200, "trace_id": "..."}
//
// It holds no bodies, no headers, no queries and no paths but the values of a route's {parts}.
// Control characters are escaped, so that a line is always one record. Old lines go: audit.jsonl.1
// and .2 hold what came before, each of `LogLimits::bytes` at most.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/http/observe.h"
#include "core/server/security/line_log.h"

namespace cairn {

// What somebody known asked to change, and what was refused for want of access. Requests that are
// only too many are not: they would push out the rest.
[[nodiscard]] bool is_audited(const http::Answered& answered);
// With its line end.
[[nodiscard]] std::string audit_line(const http::Answered& answered, WallTime time);

// Thread-safe.
class AuditLog {
 public:
  // Errors: those of open_private_log. clock: outlives it.
  [[nodiscard]] static Result<std::unique_ptr<AuditLog>> open(const fs::path& state_dir,
                                                              const Clock& clock,
                                                              LogLimits limits = {});
  // Appends a line where is_audited(); for http::ServerOptions::observer. A line that cannot be
  // written is told in the server's log.
  void record(const http::Answered& answered);

 private:
  AuditLog(std::unique_ptr<LineLog> log, const Clock& clock)
      : log_(std::move(log)), clock_(clock) {}

  const std::unique_ptr<LineLog> log_;
  const Clock& clock_;
};

}  // namespace cairn
