#include "core/engine/secret_variables.h"

namespace cairn {

void add_secret_variables(const json::value& value, std::set<std::string>& names) {
  constexpr std::string_view kVariable = "env:";
  if (is_secret(value)) {
    const std::string_view reference = value.as_object().at(kSecretKey).as_string();
    const bool pattern = reference.ends_with('*');  // to who takes names; no variable is called so
    if (reference.starts_with(kVariable) && !pattern)
      names.emplace(reference.substr(kVariable.size()));
  } else if (const auto* list = value.if_array()) {
    for (const auto& item : *list) add_secret_variables(item, names);
  } else if (const auto* object = value.if_object()) {
    for (const auto& member : *object) add_secret_variables(member.value(), names);
  }
}

std::set<std::string> secret_variables(const WorkflowSpec& workflow, const StageSpec& stage) {
  std::set<std::string> names;
  const auto add = [&](const json::object& params) {
    for (const auto& member : params) add_secret_variables(member.value(), names);
  };
  add(stage.params);
  if (stage.cells) {
    for (const auto& [param, values] : stage.cells->params)
      for (const auto& value : values) add_secret_variables(value, names);
  }
  for (const WatchdogSpec& watchdog : stage.watchdogs) add(watchdog.params);
  if (stage.foreach) add(workflow.params);
  return names;
}

}  // namespace cairn
