// Answers made smaller for clients that take it (RFC 9110 §8.4, §12.5.3).
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace cairn::http {

// Whether an Accept-Encoding header takes gzip: named, or "*", with a weight above 0.
[[nodiscard]] bool accepts_gzip(std::string_view header);

// Text that no one has encoded: text of any kind or JSON, as a whole answer, of a status with a
// body. Whether it is made smaller depends on its size and on what the client accepts.
[[nodiscard]] bool may_be_gzipped(const Response& response);

// Below this, the head is most of the answer.
inline constexpr std::size_t kGzipFrom = 1024;

// The answer with its body in gzip: Content-Encoding is set, and a strong ETag becomes a weak one,
// since the same content now has two forms. Takes time in proportion to the body.
[[nodiscard]] Result<Response> gzipped(const Response& response);

}  // namespace cairn::http
