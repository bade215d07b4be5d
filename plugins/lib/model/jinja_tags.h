// The tags of a Jinja template in a form in which templates that render alike look alike.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn::model {

// Stands before and after the name of a variable in an output; no template text can have it.
inline constexpr char kVariableMark = '\0';

struct JinjaTag {
  enum class Kind { kOutput, kStatement };
  Kind kind = Kind::kOutput;
  // Of a statement: its tokens, one space between words, strings in single quotes, x['a'] as x.a.
  // Of an output: literal text, or the name of a variable between marks, as concatenated.
  std::string text;
  std::size_t begin = 0;  // byte of the template
};

// White space goes as trim_blocks and lstrip_blocks have it, which is how chat templates are
// rendered; comments are left out. An expression that is no concatenation of strings and
// variables, or broken syntax, is an error that shows it.
[[nodiscard]] Result<std::vector<JinjaTag>> read_jinja(std::string_view source);

}  // namespace cairn::model
