#include "core/http/trace.h"

#include <array>
#include <cstdio>

#include "core/base/trace_context.h"

namespace cairn::http {
namespace {

constexpr std::size_t kSpanDigits = 16;

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
  const auto context = cairn::parse_traceparent(value);
  if (!context) return std::nullopt;
  return Trace{context->trace_id, context->span_id, "", context->sampled};
}

std::string to_traceparent(const Trace& trace) {
  return cairn::to_traceparent(TraceContext{trace.trace_id, trace.span_id, trace.sampled});
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
