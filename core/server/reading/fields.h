// Members of a JSON document by name, for who knows that it is well formed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"

namespace cairn {

// Fields of a document, empty, 0 or false where there are none (null included).
[[nodiscard]] std::string text_of(const json::object& object, std::string_view key);
[[nodiscard]] std::uint64_t number_of(const json::object& object, std::string_view key);
[[nodiscard]] bool flag_of(const json::object& object, std::string_view key);
// A list of texts; what is no text, as JSON.
[[nodiscard]] std::vector<std::string> texts_of(const json::object& object, std::string_view key);

}  // namespace cairn
