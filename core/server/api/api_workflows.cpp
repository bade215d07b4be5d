// Api: workflows before they run, and the plugins they use.
#include <algorithm>

#include "core/base/text.h"
#include "core/engine/load.h"
#include "core/server/api/api.h"
#include "core/server/check_record.h"
#include "core/server/plan_cache.h"
#include "core/server/revise.h"
#include "core/workflow/plan.h"
#include "core/workflow/schema.h"

namespace cairn::api {
namespace {

// What a text that was sent is called in messages.
constexpr const char* kFile = "workflow.yaml";

Result<std::vector<std::string>> settings_of(const std::string& params) {
  std::vector<std::string> settings;
  if (params.empty()) return settings;
  CAIRN_ASSIGN(const json::object object, parse_json_object(params));
  for (const auto& [name, value] : object) {
    if (name.empty() || name.find('=') != json::string_view::npos)
      return invalid_argument("'" + printable(name) + "' is no name of a parameter");
    settings.push_back(as_set(name, value));
  }
  return settings;
}

std::optional<std::uint64_t> seed_of(const v1::WorkflowRequest& request) {
  return request.has_seed() ? std::optional(request.seed()) : std::nullopt;
}

json::array declared_params(const std::vector<DeclaredParam>& params) {
  json::array list;
  for (const DeclaredParam& param : params) list.push_back(to_json(param));
  return list;
}

// What a form needs to ask for the parameters of stages.
void add_stages(json::object& document, const WorkflowSpec& spec, const Registry& known) {
  json::array stages;
  json::object types;
  for (const StageSpec& stage : spec.stages) {
    stages.push_back(json::object{{"name", stage.name},
                                  {"uses", stage.uses},
                                  {"params", stage.params},
                                  {"line", stage.where.line},
                                  {"column", stage.where.column}});
    const Registry::Entry* entry = types.contains(stage.uses) ? nullptr : known.find(stage.uses);
    if (entry == nullptr) continue;
    types[stage.uses] =
        json::object{{"doc", entry->stage->doc}, {"params", to_json(*entry->stage).at("params")}};
  }
  document["declared_stages"] = std::move(stages);
  document["stage_types"] = std::move(types);
}

// check: of its library.
json::object plugin_row(const Registry::Entry& entry, const CheckRecord& check) {
  json::object row{{"name", entry.stage->name},
                   {"doc", entry.stage->doc},
                   {"revision", entry.stage->revision},
                   {"library", entry.library->library.string()},
                   {"digest", entry.library->digest}};
  if (const auto found = check.find(entry.stage->name); found != check.end())
    row["check"] = to_json(found->second);
  return row;
}

}  // namespace

Outcome Api::plugins(const v1::ListPluginsRequest&) {
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  json::array types;
  std::map<Digest, CheckRecord> checks;
  for (const std::string& name : known->stage_types()) {
    const Registry::Entry& entry = *known->find(name);
    const Digest& library = entry.library->digest;
    const auto [check, first] = checks.try_emplace(library);
    if (first) check->second = find_check(options_.state_dir, library);
    types.push_back(plugin_row(entry, check->second));
  }
  json::array problems;
  for (const Error& problem : known->problems()) problems.emplace_back(problem.to_string());
  for (const auto& [name, conflict] : known->conflicts())
    problems.emplace_back(conflict.to_string());
  return json::object{{"stage_types", std::move(types)}, {"problems", std::move(problems)}};
}

Outcome Api::plugin(const v1::GetPluginRequest& request) {
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  if (const Error* conflict = known->conflict(request.stage_type())) return Error(*conflict);
  const Registry::Entry* entry = known->find(request.stage_type());
  if (entry == nullptr)
    return not_found("there is no stage type '" + printable(request.stage_type()) + "'",
                     did_you_mean(request.stage_type(), known->stage_types()));
  json::object plugin = plugin_row(*entry, find_check(options_.state_dir, entry->library->digest));
  plugin["declaration"] = to_json(*entry->stage);
  plugin["markdown"] = stage_type_markdown(*entry->stage);
  plugin["schema"] = stage_type_schema(*entry->stage);
  return plugin;
}

Outcome Api::workflow_schema(const v1::GetWorkflowSchemaRequest&) {
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  return cairn::workflow_schema(*known);
}

Result<CheckedWorkflow> Api::check(const SentWorkflow& sent, bool identify) {
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  WorkflowRequest request;
  request.working_folder = options_.working_folder;
  if (!sent.from_run.empty()) {
    CAIRN_ASSIGN(const std::string run, runs().resolve(sent.from_run));
    CAIRN_TRY(runs().replicas().with(
        run, [&](const RunNow& now) { request.working_folder = now.state.spec->folder; }));
  }
  request.file = request.working_folder / kFile;
  request.text = sent.text;
  request.seed = sent.seed;
  request.identify_content = identify;
  CAIRN_ASSIGN(request.set, settings_of(sent.params));
  CAIRN_ASSIGN(CheckedWorkflow checked, check_workflow(request, *known));
  if (checked.spec) checked.spec->file = kFile;
  return checked;
}

Outcome Api::validate(const v1::WorkflowRequest& request) {
  CAIRN_ASSIGN(
      const CheckedWorkflow checked,
      check({request.workflow(), request.params(), seed_of(request), request.from_run()}, false));
  json::object validation = checked.diagnostics.to_json();
  validation["params"] = declared_params(checked.params);
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  if (checked.spec) add_stages(validation, *checked.spec, *known);
  return validation;
}

Outcome Api::plan(const v1::WorkflowRequest& request) {
  CAIRN_ASSIGN(
      const CheckedWorkflow checked,
      check({request.workflow(), request.params(), seed_of(request), request.from_run()}, true));
  if (!checked.spec) return Failure(checked.diagnostics);
  CAIRN_ASSIGN(const PlanSources sources,
               plan_sources(store_, runs().store_folder(), *checked.spec));
  json::object plan = to_json(plan_workflow(*checked.spec, sources));
  plan["name"] = checked.spec->name;
  plan["diagnostics"] = checked.diagnostics.to_json().at("diagnostics");
  plan["params"] = declared_params(checked.params);
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  add_stages(plan, *checked.spec, *known);
  return plan;
}

Outcome Api::workflow(const v1::GetRequest& request) {
  CAIRN_ASSIGN(const std::string run, runs().resolve(request.run()));
  std::shared_ptr<const WorkflowSpec> spec;
  std::uint32_t revision = 0;
  CAIRN_TRY(runs().replicas().with(run, [&](const RunNow& now) {
    spec = now.state.spec;
    revision = now.state.revision;
  }));
  json::object document{{"file", spec->file},
                        {"text", spec->source},
                        {"revision", revision},
                        {"params", spec->params},
                        {"seed", spec->seed}};
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  add_stages(document, *spec, *known);
  // What the text declares. Files that it extends may be others by now, or gone.
  cairn::WorkflowRequest look;
  look.file = fs::path(spec->folder) / fs::path(spec->file).filename();
  look.text = spec->source;
  look.working_folder = spec->folder;
  look.identify_content = false;
  auto checked = check_workflow(look, *known);
  if (!checked.ok()) return document;
  for (DeclaredParam& param : checked->params) {
    if (const json::value* value = spec->params.if_contains(param.name)) param.value = *value;
  }
  document["declared"] = declared_params(checked->params);
  return document;
}

Result<Api::Revised> Api::revise(const std::string& run, const std::string& params) {
  ReviseWish wish;
  CAIRN_ASSIGN(wish.set, settings_of(params));
  if (wish.empty()) return Revised();
  CAIRN_ASSIGN(const SharedRegistry known, registry());
  CAIRN_ASSIGN(const RunState state, load_run(store_, run));
  CAIRN_ASSIGN(CheckedWorkflow checked, revise_workflow(*state.spec, wish, *known));
  Revised revised;
  if (checked.spec) {
    revised.workflow = std::move(checked.spec);
  } else {
    revised.failure = Failure(checked.diagnostics);
  }
  return revised;
}

}  // namespace cairn::api
