// Which trace a request belongs to (W3C Trace Context, level 1): the client's, or a new one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/random.h"
#include "core/http/message.h"

namespace cairn::http {

// The value of a traceparent header. Nothing: it is not exactly of that form (lower case, no id of
// zeros), or of a version whose form is not known.
[[nodiscard]] std::optional<Trace> parse_traceparent(std::string_view value);
// "00-TRACE-SPAN-01", to hand on to those who work on the request.
[[nodiscard]] std::string to_traceparent(const Trace& trace);

// The client's trace where the request has one valid traceparent, else a new one; with a span of
// its own either way.
[[nodiscard]] Trace trace_of(const Headers& headers, RandomStream& random);

}  // namespace cairn::http
