// W3C Trace Context, level 1: which trace a piece of work is part of, as its callers say in a
// header and its programs find in TRACEPARENT.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace cairn {

struct TraceContext {
  std::string trace_id;  // 32 digits, of hexadecimal in lower case, not all of them 0
  std::string span_id;   // 16 such digits: the work that asked for what follows
  bool sampled = false;
};

// Nothing: it is not exactly of the form 00-TRACE-SPAN-FLAGS (lower case, no id of zeros), nor of a
// later version that begins so.
[[nodiscard]] std::optional<TraceContext> parse_traceparent(std::string_view value);
// "00-TRACE-SPAN-01"
[[nodiscard]] std::string to_traceparent(const TraceContext& context);

}  // namespace cairn
