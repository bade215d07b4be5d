// What is said of an artifact kind without its code: how manifests and the checker know it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

struct KindDecl {
  std::string name;
  std::string doc;
  bool folder = false;  // else one file
  bool operator==(const KindDecl&) const = default;
};

// The kinds that every plugin knows (kinds.h), sorted by name.
[[nodiscard]] const std::vector<KindDecl>& common_kinds();
[[nodiscard]] const KindDecl* find_common_kind(std::string_view name);

// Whether an artifact of kind `given` may feed a port that wants `wanted`: equal kinds, and `file`
// takes and gives anything.
[[nodiscard]] bool kind_matches(std::string_view given, std::string_view wanted);

[[nodiscard]] json::object to_json(const KindDecl& kind);
[[nodiscard]] Result<KindDecl> kind_decl_from_json(const json::value& value);

}  // namespace cairn
