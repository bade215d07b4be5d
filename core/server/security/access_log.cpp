#include "core/server/security/access_log.h"

namespace cairn {

std::string access_line(const http::Answered& answered, WallTime time) {
  json::object values;
  for (const auto& [name, value] : answered.values) values[name] = line_text(value);
  json::object line{{"time", format_rfc3339(time)},        {"peer", line_text(answered.peer)},
                    {"who", line_text(answered.who)},      {"method", line_text(answered.method)},
                    {"route", answered.pattern},           {"values", std::move(values)},
                    {"status", answered.status},           {"bytes", answered.bytes},
                    {"duration_ms", answered.time.count()}};
  if (answered.stream) line["stream"] = true;
  line["trace_id"] = answered.trace_id;
  return json_line(line);
}

Result<std::unique_ptr<AccessLog>> AccessLog::open(const fs::path& path, const Clock& clock,
                                                   LogLimits limits) {
  CAIRN_ASSIGN(auto log, LineLog::open(path, limits));
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(log), clock));
}

void AccessLog::record(const http::Answered& answered) {
  log_->append(access_line(answered, clock_.now()), "the access log");
}

}  // namespace cairn
