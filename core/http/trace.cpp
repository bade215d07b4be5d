#include "core/http/trace.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace cairn::http {
namespace {

constexpr std::size_t kTraceDigits = 32;
constexpr std::size_t kSpanDigits = 16;

bool is_hex(std::string_view text) {
  return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}
bool is_id(std::string_view text) {
  return is_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

// Never zero: that is no id.
std::string draw(RandomStream& random) {
  std::uint64_t value = 0;
  while (value == 0) value = random.next();
  std::array<char, kSpanDigits + 1> digits;
  std::snprintf(digits.data(), digits.size(), "%016llx", static_cast<unsigned long long>(value));
  return digits.data();
}

}  // namespace

std::optional<Trace> parse_traceparent(std::string_view value) {
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
  return Trace{std::string(trace), std::string(span), "", sampled};
}

std::string to_traceparent(const Trace& trace) {
  return "00-" + trace.trace_id + "-" + trace.span_id + (trace.sampled ? "-01" : "-00");
}

Trace trace_of(const Headers& headers, RandomStream& random) {
  std::optional<Trace> given;
  if (headers.count("traceparent") == 1) given = parse_traceparent(*headers.find("traceparent"));
  Trace trace = given.value_or(Trace{});
  if (!given) {
    trace.trace_id = draw(random) + draw(random);
    trace.sampled = true;
  }
  trace.span_id = draw(random);
  return trace;
}

}  // namespace cairn::http
