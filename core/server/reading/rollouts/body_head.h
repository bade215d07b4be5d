// Heads of texts: of members of an object that was read in part, and of those that are too long.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/server/reading/text_head.h"

namespace cairn::reading {

// The first bytes, at most `most` and whole code points, of a text member at the top level of the
// object that begins here; nothing where it is no text, or does not begin within what was read.
[[nodiscard]] std::optional<std::string> text_member(std::string_view head, std::string_view key,
                                                     std::size_t most);

// Of an object's texts longer than `most` bytes, at any depth, the head; "cut":{MEMBER:bytes}
// beside them tells how long they were.
void cut_texts(json::object& object, std::size_t most);

}  // namespace cairn::reading
