#include "core/server/security/audit.h"

namespace cairn {
namespace {

bool changes(const std::string& method) {
  return method != "GET" && method != "HEAD" && method != "OPTIONS";
}

}  // namespace

bool is_audited(const http::Answered& answered) {
  if (answered.status == 401 || answered.status == 403) return true;
  return !answered.who.empty() && answered.status != 429 && changes(answered.method);
}

std::string audit_line(const http::Answered& answered, WallTime time) {
  json::object values;
  for (const auto& [name, value] : answered.values) values[name] = line_text(value);
  return json_line({{"time", format_rfc3339(time)},
                    {"who", line_text(answered.who)},
                    {"role", line_text(answered.role)},
                    {"peer", line_text(answered.peer)},
                    {"method", line_text(answered.method)},
                    {"route", answered.pattern},
                    {"values", std::move(values)},
                    {"status", answered.status},
                    {"trace_id", answered.trace_id}});
}

Result<std::unique_ptr<AuditLog>> AuditLog::open(const fs::path& state_dir, const Clock& clock,
                                                 LogLimits limits) {
  CAIRN_ASSIGN(auto log, LineLog::open(state_dir / "audit.jsonl", limits));
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(log), clock));
}

void AuditLog::record(const http::Answered& answered) {
  if (is_audited(answered)) log_->append(audit_line(answered, clock_.now()), "the audit log");
}

}  // namespace cairn
