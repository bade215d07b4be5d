#include "core/base/trace_context.h"

namespace cairn {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) {
  constexpr std::size_t kLength = 2 + 1 + kTraceDigits + 1 + kSpanDigits + 1 + 2;
  if (value.size() < kLength) return std::nullopt;
  const std::string_view version = value.substr(0, 2);
  const std::string_view trace = value.substr(3, kTraceDigits);
  const std::string_view span = value.substr(4 + kTraceDigits, kSpanDigits);
  const std::string_view flags = value.substr(kLength - 2, 2);
  const bool separated =
      value[2] == '-' && value[3 + kTraceDigits] == '-' && value[kLength - 3] == '-';
  if (!separated || !is_hex(version) || version == "ff" || !is_hex(flags)) return std::nullopt;
  // Later versions may go on after the flags; this one does not.
  if (version == "00" ? value.size() != kLength : value.size() > kLength && value[kLength] != '-') {
    return std::nullopt;
  }
  if (!is_id(trace) || !is_id(span)) return std::nullopt;
  const bool sampled = (flags[1] >= 'a' ? flags[1] - 'a' + 10 : flags[1] - '0') % 2 == 1;
  return TraceContext{std::string(trace), std::string(span), sampled};
}

std::string to_traceparent(const TraceContext& context) {
  return "00-" + context.trace_id + "-" + context.span_id + (context.sampled ? "-01" : "-00");
}

}  // namespace cairn
