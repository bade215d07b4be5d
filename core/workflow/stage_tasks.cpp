#include "core/workflow/keys.h"
#include "core/workflow/stage_parts.h"

namespace cairn {
namespace {

void read_matrix(StageScope& scope, StageDraft& draft) {
  const YamlNode* node = scope.member("matrix");
  if (node == nullptr) return;
  scope.matrix = Matrix::read(*node, scope.resolver, scope.diagnostics, scope.axes);
  scope.cell.axes = &scope.axes;
  scope.cell.matrix_broken = !scope.matrix;
  draft.many = true;
  if (scope.matrix) draft.spec.max_parallel = scope.matrix->max_parallel();
}

void read_foreach(StageScope& scope, StageDraft& draft) {
  const YamlNode* node = scope.member("foreach");
  if (node == nullptr) return;
  scope.cell.foreach = true;
  draft.many = true;
  const YamlNode* list = node;
  if (node->is_map()) {
    check_keys(*node, foreach_keys(), "'foreach'", scope.diagnostics);
    const YamlEntry* entry = node->find("list");
    list = entry == nullptr ? nullptr : &entry->value;
    const YamlEntry* most = node->find("max_parallel");
    if (most != nullptr) {
      const auto value =
          scope.resolver.value(most->value, find_key(foreach_keys(), "max_parallel")->decl, true);
      if (value) draft.spec.max_parallel = static_cast<int>(value->as_int64());
    }
  }
  if (list != nullptr)
    read_reference(*list, "a reference STAGE.OUTPUT", draft.foreach_list, scope.diagnostics);
  draft.spec.foreach.emplace();
  if (scope.member("matrix") != nullptr)
    scope.error("bad_foreach", node->offset, "a stage has either 'matrix' or 'foreach', not both");
}

// Asks a condition of every cell. The cells of a false one are no tasks.
void filter_cells(StageScope& scope, StageDraft& draft, const YamlNode& when,
                  const CompiledValue& condition) {
  if (!scope.matrix || condition.broken) return;
  const Resolver resolver = scope.resolver.with(scope.cell);
  std::vector<bool> kept;
  for (std::size_t cell = 0; cell < scope.matrix->size(); ++cell) {
    const std::string label = scope.matrix->label(cell);
    scope.cell.label = label;
    scope.matrix->select(cell, scope.cell);
    const auto value = resolver.value(condition);
    if (value && !value->is_bool())
      resolver.report(when, {2,
                             "'when' must be true or false, but the expression gives something "
                             "else",
                             "compare it, for example with > 0"});
    scope.cell.label = {};
    if (!value || !value->is_bool()) return;
    kept.push_back(value->as_bool());
  }
  scope.matrix->keep(kept);
  draft.spec.enabled = scope.matrix->size() > 0;
}

void read_condition(StageScope& scope, StageDraft& draft) {
  const YamlNode* when = scope.member("when");
  if (when == nullptr) return;
  CellScope known = scope.cell;
  known.foreach = false;  // the list is not there when the condition is asked
  const auto condition = scope.resolver.with(known).condition(*when);
  if (!condition) return;
  draft.spec.enabled = condition->enabled;
  draft.spec.when = condition->deferred;
  if (condition->of_cell) filter_cells(scope, draft, *when, *condition->of_cell);
  for (const std::string& stage : condition->stages) {
    const std::size_t in_text = when->text.find("stages." + stage);
    draft.condition_reads.push_back(
        {stage, when->source,
         in_text == std::string::npos ? when->offset : source_offset(*when, in_text)});
  }
}

}  // namespace

void read_stage_tasks(StageScope& scope, StageDraft& draft) {
  read_matrix(scope, draft);
  read_foreach(scope, draft);
  read_condition(scope, draft);
  if (!scope.matrix) return;
  draft.spec.cells.emplace();
  auto& labels = draft.spec.cells->labels;
  labels.reserve(scope.matrix->size());
  for (std::size_t cell = 0; cell < scope.matrix->size(); ++cell)
    labels.push_back(scope.matrix->label(cell));
}

}  // namespace cairn
