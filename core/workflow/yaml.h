// YAML as a tree that remembers where everything stands. The one user of yaml-cpp.
//
// Scalars follow the core schema of YAML 1.2: `yes` and `on` are texts, `true` is not.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/workflow/diagnostics.h"

namespace cairn {

struct YamlEntry;

struct YamlNode {
  enum class Kind { kScalar, kList, kMap };
  Kind kind = Kind::kScalar;
  SourcePtr source;
  std::size_t offset = 0;  // of its first byte in the source
  json::value scalar;      // null, bool, number or string
  std::string text;        // of a scalar, as written but unquoted
  std::vector<YamlNode> items;
  std::vector<YamlEntry> entries;  // in the order of the file, keys unique

  [[nodiscard]] bool is_scalar() const { return kind == Kind::kScalar; }
  [[nodiscard]] bool is_null() const { return is_scalar() && scalar.is_null(); }
  [[nodiscard]] bool is_list() const { return kind == Kind::kList; }
  [[nodiscard]] bool is_map() const { return kind == Kind::kMap; }
  // The entry of a map, or null.
  [[nodiscard]] const YamlEntry* find(std::string_view key) const;
  [[nodiscard]] Where where() const { return source->where(offset); }
  [[nodiscard]] json::value to_json() const;
  // "a list", "a map", "nothing", "\"abc\"", "3": what stands here, for messages.
  [[nodiscard]] std::string describe() const;
};

struct YamlEntry {
  std::string key;
  std::size_t key_offset = 0;
  YamlNode value;
};

struct YamlLimits {
  std::size_t depth = 64;
  std::size_t nodes = 100'000;  // aliases counted as what they stand for
  std::size_t aliases = 1'000;
};

// The one document of a source. Null when it cannot be read as YAML at all: bad syntax, limits,
// several documents. Duplicate keys are errors, too, but reading goes on after them.
[[nodiscard]] std::optional<YamlNode> parse_yaml(const SourcePtr& source, Diagnostics& diagnostics,
                                                 const YamlLimits& limits = {});

// A scalar as YAML reads it when it is not quoted.
[[nodiscard]] json::value resolve_plain_scalar(std::string_view text);

}  // namespace cairn
