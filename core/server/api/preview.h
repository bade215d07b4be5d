// The first rows of an artifact, as its kind shows them.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/plugin/manifest.h"

namespace cairn {

struct PreviewWish {
  fs::path host_program;  // cairn-host
  fs::path artifact;
  std::string kind;
  std::uint32_t rows = 20;
};

// {"columns":[],"rows":[[]],"more"} of a table, {"text","more"} of a text. The kind's code reads
// what a stage wrote, so it does in a process of its own, with the least environment and a minute.
// kNotFound: no plugin knows the kind. kInvalidArgument: it is not of that kind.
[[nodiscard]] Result<json::object> preview_artifact(const PreviewWish& wish,
                                                    const Registry& registry);

}  // namespace cairn
