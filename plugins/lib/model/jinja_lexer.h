// Templates of Jinja as tokens, white space cut as trim_blocks and lstrip_blocks have it, which is
// how chat templates are rendered.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn::model::jinja {

struct Token {
  enum class Kind {
    kText,         // outside of tags
    kOutputBegin,  // {{
    kOutputEnd,
    kBlockBegin,  // {%
    kBlockEnd,
    kName,
    kString,  // text: what it stands for
    kInteger,
    kSign,
    kEnd,
  };
  Kind kind = Kind::kEnd;
  std::string text;
  std::size_t at = 0;  // byte of the template, its line ends normalised
};

// Line ends as "\n", the last one left out: what positions count in.
[[nodiscard]] std::string normalised(std::string_view source);
// Ends with one kEnd. `source` is normalised.
[[nodiscard]] Result<std::vector<Token>> tokenize(std::string_view source);

// "line L, column C: MESSAGE", columns in code points.
[[nodiscard]] Error error_at(std::string_view source, std::size_t at, const std::string& message);

}  // namespace cairn::model::jinja
