#include "core/workflow/spec.h"

#include <algorithm>
#include <utility>

#include "core/workflow/spec_json.h"

namespace cairn {
namespace {

json::object notify_to_json(const NotifySpec& notify) {
  return {{"failed", notify.failed},
          {"finished", notify.finished},
          {"waiting", notify.waiting},
          {"run", notify.run}};
}

Result<NotifySpec> notify_from_json(const json::object& object) {
  NotifySpec notify;
  CAIRN_ASSIGN(notify.failed, get_bool(object, "failed"));
  CAIRN_ASSIGN(notify.finished, get_bool(object, "finished"));
  CAIRN_ASSIGN(notify.waiting, get_bool(object, "waiting"));
  CAIRN_ASSIGN(notify.run, get_string(object, "run"));
  return notify;
}

}  // namespace

const StageSpec* WorkflowSpec::find(std::string_view stage) const {
  const auto found = std::ranges::find(stages, stage, &StageSpec::name);
  return found == stages.end() ? nullptr : &*found;
}

json::object to_json(const WorkflowSpec& spec) {
  json::array stages;
  for (const StageSpec& stage : spec.stages) stages.push_back(stage_to_json(stage));
  json::object object{{"name", spec.name},
                      {"description", spec.description},
                      {"labels", map_to_json(spec.labels)},
                      {"seed", spec.seed},
                      {"params", spec.params},
                      {"stages", std::move(stages)},
                      {"max_parallel", spec.max_parallel},
                      {"fail_fast", spec.fail_fast},
                      {"file", spec.file},
                      {"source", spec.source},
                      {"folder", spec.folder}};
  if (!spec.pools.empty()) object["pools"] = map_to_json(spec.pools);
  if (!spec.notify.run.empty()) object["notify"] = notify_to_json(spec.notify);
  return object;
}

Result<WorkflowSpec> workflow_spec_from_json(const json::object& object) {
  WorkflowSpec spec;
  CAIRN_ASSIGN(spec.name, get_string(object, "name"));
  CAIRN_ASSIGN(spec.description, get_string(object, "description"));
  CAIRN_ASSIGN(const auto* labels, get_object(object, "labels"));
  for (const auto& label : *labels) {
    CAIRN_ASSIGN(spec.labels[std::string(label.key())], get_string(*labels, label.key()));
  }
  CAIRN_ASSIGN(spec.seed, get_uint(object, "seed"));
  CAIRN_ASSIGN(const auto* params, get_object(object, "params"));
  spec.params = *params;
  CAIRN_ASSIGN(const auto* stages, get_array(object, "stages"));
  for (const auto& value : *stages) {
    CAIRN_ASSIGN(const auto* stage, as_object(value, "a stage"));
    CAIRN_ASSIGN(auto read, stage_from_json(*stage));
    spec.stages.push_back(std::move(read));
  }
  CAIRN_TRY(read_int(object, "max_parallel", spec.max_parallel));
  CAIRN_ASSIGN(spec.fail_fast, get_bool(object, "fail_fast"));
  CAIRN_ASSIGN(spec.file, get_string(object, "file"));
  CAIRN_ASSIGN(spec.source, get_string(object, "source"));
  CAIRN_ASSIGN(spec.folder, get_string(object, "folder"));
  CAIRN_ASSIGN(spec.pools, read_counts(object, "pools"));
  if (object.contains("notify")) {
    CAIRN_ASSIGN(const auto* notify, get_object(object, "notify"));
    CAIRN_ASSIGN(spec.notify, notify_from_json(*notify));
  }
  return spec;
}

}  // namespace cairn
