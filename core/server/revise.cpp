#include "core/server/revise.h"

#include <set>

#include "core/workflow/source.h"
#include "core/workflow/yaml.h"

namespace cairn {
namespace {

// Names that the user gives a new value.
std::set<std::string> given_names(const ReviseWish& wish) {
  std::set<std::string> names;
  for (const std::string& text : wish.set) names.insert(text.substr(0, text.find('=')));
  if (wish.params_file.empty()) return names;
  Diagnostics ignored;  // check_workflow reads the file, too, and tells
  const auto source = read_source(wish.params_file, wish.params_file.string(), ignored);
  if (!source.ok() || !*source) return names;
  if (const auto root = parse_yaml(*source, ignored); root && root->is_map()) {
    for (const YamlEntry& entry : root->entries) names.insert(entry.key);
  }
  return names;
}

// Of the settings given for a run's old values, those that are refused.
std::set<std::string> refused(const Diagnostics& diagnostics) {
  std::set<std::string> lines;
  for (const Diagnostic& diagnostic : diagnostics.sorted()) {
    if (diagnostic.severity == Severity::kError) lines.insert(diagnostic.source_line);
  }
  return lines;
}

}  // namespace

std::string as_set(std::string_view name, const json::value& value) {
  const std::string text =
      value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  return std::string(name) + "=" + text;
}

Result<CheckedWorkflow> revise_workflow(const WorkflowSpec& before, const ReviseWish& wish,
                                        const Registry& registry) {
  const std::set<std::string> given = given_names(wish);
  std::vector<std::string> kept;
  // Durations are kept as milliseconds, which is no way to write one.
  std::vector<std::string> as_duration;
  for (const auto& [name, value] : before.params) {
    if (given.contains(std::string(name)) || value.is_null()) continue;
    kept.push_back(as_set(name, value));
    as_duration.push_back(value.is_int64() ? kept.back() + "ms" : "");
  }
  WorkflowRequest request;
  request.file = fs::path(before.folder) / fs::path(before.file).filename();
  request.text = before.source;
  request.params_file = wish.params_file;
  request.seed = wish.seed.value_or(before.seed);
  const auto settle = [&] {
    request.set = kept;
    request.set.insert(request.set.end(), wish.set.begin(), wish.set.end());
  };
  settle();
  WorkflowRequest look = request;
  look.identify_content = false;
  if (const auto tried = check_workflow(look, registry); tried.ok() && !tried->spec) {
    const auto lines = refused(tried->diagnostics);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (lines.contains(kept[i]) && !as_duration[i].empty()) kept[i] = as_duration[i];
    }
    settle();
  }
  CAIRN_ASSIGN(CheckedWorkflow checked, check_workflow(request, registry));
  if (!checked.spec) return checked;
  checked.spec->name = before.name;
  checked.spec->file = before.file;
  for (StageSpec& stage : checked.spec->stages) {
    const StageSpec* old = before.find(stage.name);
    if (old != nullptr && old->plugin == stage.plugin) stage.plugin_digest = old->plugin_digest;
  }
  return checked;
}

}  // namespace cairn
