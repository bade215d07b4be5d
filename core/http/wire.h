// Answers as bytes: the head with what every answer carries, and the chunks of a streamed body.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/message.h"

namespace cairn::http {

// Of the fields of a response: names are tokens, values hold no control characters, and none is
// what the server itself adds for framing. What is not so could break out of the head.
[[nodiscard]] Result<void> check_response(const Response& response);

// How the end of the body is known.
struct Framing {
  std::optional<std::uint64_t> length;  // Content-Length
  bool chunked = false;
  bool close = false;  // the connection ends with the answer
};

// Status line and fields, with the empty line. Adds, where the response does not set them itself:
// Date; Cache-Control: no-store; a Content-Security-Policy that allows nothing;
// X-Content-Type-Options, X-Frame-Options, Referrer-Policy, Permissions-Policy,
// Cross-Origin-Opener-Policy and Cross-Origin-Resource-Policy at their strictest.
[[nodiscard]] std::string head_bytes(const Response& response, const Framing& framing,
                                     WallTime now);

// Nothing for an empty piece: that would be the end.
[[nodiscard]] std::string chunk_bytes(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// "Thu, 26 Nov 2026 16:00:00 GMT"
[[nodiscard]] std::string http_date(WallTime time);

}  // namespace cairn::http
