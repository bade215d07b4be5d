#include "core/cli/revision.h"

#include <set>

#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"
#include "core/engine/load.h"
#include "core/workflow/source.h"
#include "core/workflow/yaml.h"

namespace cairn {
namespace {

// Names that the user gives a new value.
std::set<std::string> given_names(const WorkflowOptions& options) {
  std::set<std::string> names;
  for (const std::string& text : options.set) names.insert(text.substr(0, text.find('=')));
  if (options.params_file.empty()) return names;
  Diagnostics ignored;  // check_workflow reads the file, too, and tells
  const auto source = read_source(options.params_file, options.params_file.string(), ignored);
  if (!source.ok() || !*source) return names;
  if (const auto root = parse_yaml(*source, ignored); root && root->is_map()) {
    for (const YamlEntry& entry : root->entries) names.insert(entry.key);
  }
  return names;
}

// A parameter's value as --set takes it. Durations are kept as milliseconds, which is no way to
// write one; `milliseconds` says that this is one.
std::string as_set(std::string_view name, const json::value& value, bool milliseconds) {
  const std::string text =
      value.is_string() ? std::string(value.as_string()) : json::serialize(value);
  return std::string(name) + "=" + text + (milliseconds ? "ms" : "");
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

bool asks_for_revision(const Cli& cli) {
  return !cli.workflow.set.empty() || !cli.workflow.params_file.empty() ||
         cli.workflow.seed.has_value();
}

std::variant<WorkflowSpec, ExitCode> revise_workflow(const Cli& cli, const WorkflowSpec& before) {
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  const std::set<std::string> given = given_names(cli.workflow);
  std::vector<std::string> kept;
  std::vector<std::string> as_duration;
  for (const auto& [name, value] : before.params) {
    if (given.contains(std::string(name)) || value.is_null()) continue;
    kept.push_back(as_set(name, value, false));
    as_duration.push_back(value.is_int64() ? as_set(name, value, true) : "");
  }
  WorkflowRequest request =
      workflow_request(cli, fs::path(before.folder) / fs::path(before.file).filename());
  request.text = before.source;
  if (!request.seed) request.seed = before.seed;
  const auto settle = [&] {
    request.set = kept;
    request.set.insert(request.set.end(), cli.workflow.set.begin(), cli.workflow.set.end());
  };
  settle();
  WorkflowRequest look = request;
  look.identify_content = false;
  if (const auto tried = check_workflow(look, *registry); tried.ok() && !tried->spec) {
    const auto lines = refused(tried->diagnostics);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      if (lines.contains(kept[i]) && !as_duration[i].empty()) kept[i] = as_duration[i];
    }
    settle();
  }
  auto checked = check_or_report(cli, request, *registry);
  auto* spec = std::get_if<WorkflowSpec>(&checked);
  if (spec == nullptr) return checked;
  spec->name = before.name;
  spec->file = before.file;
  for (StageSpec& stage : spec->stages) {
    const StageSpec* old = before.find(stage.name);
    if (old != nullptr && old->plugin == stage.plugin) stage.plugin_digest = old->plugin_digest;
  }
  return checked;
}

std::variant<Revision, ExitCode> find_revision(const Cli& cli, const std::string& run) {
  if (!cli.options.server.empty()) {
    if (!asks_for_revision(cli)) return Revision{run, {}, {}};
    return fail(cli, invalid_argument("--set, --params and --seed need the run's state folder",
                                      "give the command on the machine of the engine"));
  }
  const auto state = load_run_named(cli, run);
  if (!state.ok()) return fail(cli, state.error());
  if (!asks_for_revision(cli)) return Revision{state->id, *state->spec, {}};
  auto revised = revise_workflow(cli, *state->spec);
  if (const auto* code = std::get_if<ExitCode>(&revised)) return *code;
  return Revision{state->id, *state->spec, std::get<WorkflowSpec>(std::move(revised))};
}

Result<RunState> load_run_named(const Cli& cli, const std::string& text) {
  CAIRN_ASSIGN(const auto store, open_store(cli));
  CAIRN_ASSIGN(const auto rows, list_rows(*store));
  CAIRN_ASSIGN(const std::string id, resolve_run(rows, text));
  return load_run(*store, id);
}

}  // namespace cairn
