// JSON Schema (2020-12) of the workflow file and of stage types, made from the tables that the
// checker reads (keys.h) and from manifests.
#pragma once

#include <string>

#include "core/base/json.h"
#include "core/plugin/manifest.h"
#include "core/sdk/declaration.h"

namespace cairn {

// Every value that may hold a `${…}` may also be a text with one: editors must not mark it.
[[nodiscard]] json::object workflow_schema(const Registry& registry);
// Of the map below `with`.
[[nodiscard]] json::object stage_type_schema(const StageDecl& stage);

// The documentation of a stage type for people, in Markdown.
[[nodiscard]] std::string stage_type_markdown(const StageDecl& stage);

}  // namespace cairn
