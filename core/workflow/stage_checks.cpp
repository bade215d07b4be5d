#include <algorithm>

#include "core/workflow/stage_parts.h"

namespace cairn {
namespace {

// Where a check's first parameter stands that the user gave.
std::size_t place_of(const CheckDecl& check, const YamlNode& stage, const YamlNode* with) {
  for (const std::string& name : params_of(check.rule)) {
    const YamlEntry* given = with == nullptr ? nullptr : with->find(name);
    if (given != nullptr) return given->key_offset;
  }
  return with != nullptr && with->is_map() ? with->offset : stage.offset;
}

void report(StageScope& scope, const CheckDecl& check, const json::object& params,
            const YamlNode* with, const std::string& suffix) {
  const Error error = check_error(check, params);
  scope.error("broken_check", place_of(check, scope.node, with), error.message + suffix,
              error.hint);
}

// The first task that breaks it speaks for all.
void check_tasks(StageScope& scope, const StageDraft& draft, const CheckDecl& check,
                 const YamlNode* with) {
  const Cells& cells = *draft.spec.cells;
  json::object params = draft.spec.params;
  for (std::size_t cell = 0; cell < cells.size(); ++cell) {
    for (const std::string& name : params_of(check.rule)) {
      const auto column = cells.params.find(name);
      if (column != cells.params.end()) params[name] = column->second[cell];
    }
    if (holds(check.rule, params)) continue;
    return report(scope, check, params, with, " (task " + cells.labels[cell] + ")");
  }
}

}  // namespace

void check_stage_rules(StageScope& scope, const StageDraft& draft, const YamlNode* with) {
  for (const CheckDecl* check : broken_checks(*draft.decl, draft.spec.params))
    report(scope, *check, draft.spec.params, with, "");
  if (!draft.spec.cells) return;
  for (const CheckDecl& check : draft.decl->checks) {
    const auto names = params_of(check.rule);
    const auto varies = [&](const auto& name) { return draft.spec.cells->params.contains(name); };
    const auto known = [&](const auto& name) {
      return varies(name) || draft.spec.params.contains(name);
    };
    if (std::ranges::any_of(names, varies) && std::ranges::all_of(names, known))
      check_tasks(scope, draft, check, with);
  }
}

}  // namespace cairn
