// The request target: a path in parts and a query, decoded once, with one reading of each.
//
// A path is split at '/' before it is decoded, so that %2F never makes a new part, and it is
// refused rather than repaired: what two readers could understand in two ways is an error.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace cairn::http {

struct Target {
  std::string path;  // as it came, without the query
  // Decoded; "/" is one empty part, "/a/" is "a" and an empty one.
  std::vector<std::string> parts = {""};
  std::vector<std::pair<std::string, std::string>> query;  // in the order given

  // The first of that name in the query.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
};

// "/path?query". Errors (kInvalidArgument): another form (a whole URL, "*"), a fragment, bad
// percent escapes, bytes that are no UTF-8, NUL; in the path also control characters, parts "." and
// "..", and '/' or '\' hidden in a part; more than 200 values in the query.
[[nodiscard]] Result<Target> parse_target(std::string_view text);

// %XX once; '+' stays. Errors: a '%' without two hexadecimal digits.
[[nodiscard]] Result<std::string> percent_decode(std::string_view text);

}  // namespace cairn::http
