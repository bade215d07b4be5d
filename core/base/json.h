// JSON on Boost.JSON: parsing with limits, canonical text for digests, typed access with errors.
#pragma once

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace cairn {

namespace json = boost::json;

// Doubles are read to the last bit: what canonical_json wrote comes back equal.
// Refuses trailing bytes, invalid UTF-8 and nesting deeper than max_depth.
[[nodiscard]] Result<json::value> parse_json(std::string_view text, std::size_t max_depth = 64);
// Also refuses what is no object.
[[nodiscard]] Result<json::object> parse_json_object(std::string_view text);

// Object keys sorted by bytes, no white space; equal values give equal text.
[[nodiscard]] std::string canonical_json(const json::value& value);
// Indented by two spaces, keys in the order of insertion, a line end after it.
[[nodiscard]] std::string pretty_json(const json::value& value);

// One line for people: JSON whose numbers are those of format_number.
[[nodiscard]] std::string json_text(const json::value& value);

// Typed access: an error names the key, and what stands there instead.
[[nodiscard]] Result<std::string> get_string(const json::object& object, std::string_view key);
[[nodiscard]] Result<std::int64_t> get_int(const json::object& object, std::string_view key);
// Unsigned 64-bit values are kept whole (seeds).
[[nodiscard]] Result<std::uint64_t> get_uint(const json::object& object, std::string_view key);
// Integers are taken as doubles too.
[[nodiscard]] Result<double> get_double(const json::object& object, std::string_view key);
[[nodiscard]] Result<bool> get_bool(const json::object& object, std::string_view key);
[[nodiscard]] Result<const json::array*> get_array(const json::object& object,
                                                   std::string_view key);
[[nodiscard]] Result<const json::object*> get_object(const json::object& object,
                                                     std::string_view key);

}  // namespace cairn
