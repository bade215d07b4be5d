// Parts of a file, and answers that need not be sent again (RFC 9110 §13, §14).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/base/result.h"
#include "core/http/message.h"

namespace cairn::http {

struct ByteRange {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;  // at least 1
};

// What of `size` bytes a Range header asks for. Nothing: all of it, also where the header is of
// another unit, malformed, or asks for several ranges. kInvalidArgument: no byte of it is there.
[[nodiscard]] Result<std::optional<ByteRange>> parse_range(std::string_view header,
                                                           std::uint64_t size);

// Whether an If-None-Match header names this entity tag (with its quotes) or "*".
[[nodiscard]] bool names_tag(std::string_view header, std::string_view tag);

// The whole file, the part that is asked for (206), 304 where the client has it, or 416.
// file: the whole of it. tag: a strong entity tag with its quotes, of its content.
[[nodiscard]] Response file_response(const Request& request, const FileSlice& file,
                                     const std::string& tag, const std::string& media_type);

}  // namespace cairn::http
