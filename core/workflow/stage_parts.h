// The parts that read_stages reads a stage in. Internal to it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/workflow/matrix.h"
#include "core/workflow/stage_reader.h"

namespace cairn {

// The stage at hand. Its parts are read in the order of the functions below.
struct StageScope {
  const StageSources& sources;
  const YamlNode& node;      // the map of the stage
  const Resolver& resolver;  // knows neither matrix nor item
  Diagnostics& diagnostics;
  const Registry& registry;
  std::optional<Matrix> matrix;
  std::vector<std::string> axes;  // of the matrix, as far as they are good
  CellScope cell;

  void error(const char* code, std::size_t offset, std::string message, std::string hint = {}) {
    diagnostics.error(code, *node.source, offset, std::move(message), std::move(hint));
  }
  [[nodiscard]] const YamlNode* member(std::string_view key) const {
    const YamlEntry* entry = node.find(key);
    return entry == nullptr ? nullptr : &entry->value;
  }
  // From the stage, else from the defaults.
  [[nodiscard]] const YamlNode* setting(std::string_view key) const {
    if (const YamlNode* own = member(key)) return own;
    const YamlEntry* entry = sources.defaults ? sources.defaults->find(key) : nullptr;
    return entry == nullptr ? nullptr : &entry->value;
  }
  // A member of a map such as retry: the stage's, else that of the defaults.
  [[nodiscard]] const YamlNode* setting(std::string_view map, std::string_view key) const {
    for (const YamlNode* of : {&node, sources.defaults}) {
      const YamlEntry* outer = of == nullptr ? nullptr : of->find(map);
      const YamlEntry* inner = outer == nullptr ? nullptr : outer->value.find(key);
      if (inner != nullptr) return &inner->value;
    }
    return nullptr;
  }
};

// A word that names a stage or an output; false where it is none, reported.
bool read_reference(const YamlNode& node, const char* what, std::vector<Reference>& references,
                    Diagnostics& diagnostics);

// `matrix`, `foreach` and `when`: which tasks there are.
void read_stage_tasks(StageScope& scope, StageDraft& draft);
// `with`, for all tasks.
void read_stage_params(StageScope& scope, StageDraft& draft);
// That the checks of its type hold, for all tasks whose parameters are known; read_stage_params
// calls it.
void check_stage_rules(StageScope& scope, const StageDraft& draft, const YamlNode* with);
// How it runs: limits, retry, approval, watchdogs, description.
void read_stage_settings(StageScope& scope, StageDraft& draft);

}  // namespace cairn
