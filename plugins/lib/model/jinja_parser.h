// Parses templates. Refused, with line and column: broken syntax, and what Jinja has and Cairn has
// not (imports, blocks, call, filter, with, recursive loops, unknown filters, tests and methods).
#pragma once

#include <string_view>

#include "core/base/result.h"
#include "plugins/lib/model/jinja_ast.h"

namespace cairn::model::jinja {

// `source` is normalised.
[[nodiscard]] Result<NodePtr> parse_template(std::string_view source);

}  // namespace cairn::model::jinja
