// A stage and its parts as JSON. Everything but spec.cpp uses the functions of spec.h.
#pragma once

#include <string>
#include <utility>

#include "core/workflow/spec.h"

namespace cairn {

[[nodiscard]] json::object stage_to_json(const StageSpec& stage);
[[nodiscard]] Result<StageSpec> stage_from_json(const json::object& object);

template <typename Map>
[[nodiscard]] json::object map_to_json(const Map& map) {
  json::object object;
  for (const auto& [name, value] : map) object[name] = value;
  return object;
}

template <typename Number>
[[nodiscard]] Result<void> read_int(const json::object& object, std::string_view key,
                                    Number& target) {
  CAIRN_ASSIGN(const std::int64_t value, get_int(object, key));
  if (!std::in_range<Number>(value)) return corrupt("'" + std::string(key) + "' is out of range");
  target = static_cast<Number>(value);
  return {};
}

[[nodiscard]] inline Result<const json::object*> as_object(const json::value& value,
                                                           const char* what) {
  if (const auto* object = value.if_object()) return object;
  return corrupt(std::string(what) + " of a workflow is no object");
}

// The numbers of a map that may be absent.
[[nodiscard]] inline Result<std::map<std::string, int>> read_counts(const json::object& object,
                                                                    std::string_view key) {
  std::map<std::string, int> counts;
  if (!object.contains(key)) return counts;
  CAIRN_ASSIGN(const auto* members, get_object(object, key));
  for (const auto& member : *members) {
    CAIRN_TRY(read_int(*members, member.key(), counts[std::string(member.key())]));
  }
  return counts;
}

}  // namespace cairn
