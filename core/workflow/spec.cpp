#include "core/workflow/spec.h"

#include <algorithm>
#include <utility>

namespace cairn {
namespace {

json::object where_to_json(const Where& where) {
  return {{"file", where.file}, {"line", where.line}, {"column", where.column}};
}

json::object stage_to_json(const StageSpec& stage) {
  json::object inputs;
  for (const auto& [port, references] : stage.inputs) {
    json::array list;
    for (const auto& reference : references)
      list.push_back(json::object{{"stage", reference.stage}, {"output", reference.output}});
    inputs[port] = std::move(list);
  }
  json::array outputs;
  for (const auto& output : stage.outputs)
    outputs.push_back(json::object{{"name", output.name}, {"kind", output.kind}});
  json::object object{{"name", stage.name},
                      {"uses", stage.uses},
                      {"description", stage.description},
                      {"where", where_to_json(stage.where)},
                      {"revision", stage.revision},
                      {"random", stage.random},
                      {"plugin", stage.plugin},
                      {"plugin_digest", stage.plugin_digest},
                      {"params", stage.params},
                      {"key_params", stage.key_params},
                      {"inputs", std::move(inputs)},
                      {"outputs", std::move(outputs)},
                      {"after", json::value_from(stage.after)},
                      {"enabled", stage.enabled},
                      {"retry", json::object{{"max_attempts", stage.retry.max_attempts},
                                             {"backoff_ms", stage.retry.backoff.count()}}},
                      {"resources", json::object{{"cpus", stage.resources.cpus},
                                                 {"memory_bytes", stage.resources.memory_bytes},
                                                 {"gpus", stage.resources.gpus}}},
                      {"cache", stage.cache},
                      {"fresh_host", stage.fresh_host}};
  if (stage.when) object["when"] = *stage.when;
  if (stage.timeout) object["timeout_ms"] = stage.timeout->count();
  return object;
}

template <typename Number>
Result<void> read_int(const json::object& object, std::string_view key, Number& target) {
  CAIRN_ASSIGN(const std::int64_t value, get_int(object, key));
  if (!std::in_range<Number>(value)) return corrupt("'" + std::string(key) + "' is out of range");
  target = static_cast<Number>(value);
  return {};
}

Result<Where> where_from_json(const json::object& object) {
  Where where;
  CAIRN_ASSIGN(where.file, get_string(object, "file"));
  CAIRN_TRY(read_int(object, "line", where.line));
  CAIRN_TRY(read_int(object, "column", where.column));
  return where;
}

Result<const json::object*> as_object(const json::value& value, const char* what) {
  if (const auto* object = value.if_object()) return object;
  return corrupt(std::string(what) + " of a workflow is no object");
}

Result<void> read_wiring(const json::object& object, StageSpec& stage) {
  CAIRN_ASSIGN(const auto* inputs, get_object(object, "inputs"));
  for (const auto& input : *inputs) {
    CAIRN_ASSIGN(const auto* references, get_array(*inputs, input.key()));
    auto& list = stage.inputs[std::string(input.key())];
    for (const auto& value : *references) {
      CAIRN_ASSIGN(const auto* reference, as_object(value, "an input"));
      OutputRef output;
      CAIRN_ASSIGN(output.stage, get_string(*reference, "stage"));
      CAIRN_ASSIGN(output.output, get_string(*reference, "output"));
      list.push_back(std::move(output));
    }
  }
  CAIRN_ASSIGN(const auto* outputs, get_array(object, "outputs"));
  for (const auto& value : *outputs) {
    CAIRN_ASSIGN(const auto* declared, as_object(value, "an output"));
    DeclaredOutput output;
    CAIRN_ASSIGN(output.name, get_string(*declared, "name"));
    CAIRN_ASSIGN(output.kind, get_string(*declared, "kind"));
    stage.outputs.push_back(std::move(output));
  }
  CAIRN_ASSIGN(const auto* after, get_array(object, "after"));
  for (const auto& name : *after) {
    if (!name.is_string()) return corrupt("'after' of a workflow holds no name");
    stage.after.emplace_back(name.as_string());
  }
  return {};
}

Result<void> read_limits(const json::object& object, StageSpec& stage) {
  CAIRN_ASSIGN(const auto* retry, get_object(object, "retry"));
  CAIRN_TRY(read_int(*retry, "max_attempts", stage.retry.max_attempts));
  CAIRN_ASSIGN(const auto backoff, get_int(*retry, "backoff_ms"));
  stage.retry.backoff = Duration(backoff);
  CAIRN_ASSIGN(const auto* resources, get_object(object, "resources"));
  CAIRN_TRY(read_int(*resources, "cpus", stage.resources.cpus));
  CAIRN_ASSIGN(stage.resources.memory_bytes, get_uint(*resources, "memory_bytes"));
  CAIRN_TRY(read_int(*resources, "gpus", stage.resources.gpus));
  if (object.contains("timeout_ms")) {
    CAIRN_ASSIGN(const auto timeout, get_int(object, "timeout_ms"));
    stage.timeout = Duration(timeout);
  }
  return {};
}

Result<StageSpec> stage_from_json(const json::object& object) {
  StageSpec stage;
  CAIRN_ASSIGN(stage.name, get_string(object, "name"));
  CAIRN_ASSIGN(stage.uses, get_string(object, "uses"));
  CAIRN_ASSIGN(stage.description, get_string(object, "description"));
  CAIRN_ASSIGN(const auto* where, get_object(object, "where"));
  CAIRN_ASSIGN(stage.where, where_from_json(*where));
  CAIRN_TRY(read_int(object, "revision", stage.revision));
  CAIRN_ASSIGN(stage.random, get_bool(object, "random"));
  CAIRN_ASSIGN(stage.plugin, get_string(object, "plugin"));
  CAIRN_ASSIGN(stage.plugin_digest, get_string(object, "plugin_digest"));
  CAIRN_ASSIGN(const auto* params, get_object(object, "params"));
  stage.params = *params;
  CAIRN_ASSIGN(const auto* key_params, get_object(object, "key_params"));
  stage.key_params = *key_params;
  CAIRN_TRY(read_wiring(object, stage));
  if (object.contains("when")) {
    CAIRN_ASSIGN(stage.when, get_string(object, "when"));
  }
  CAIRN_ASSIGN(stage.enabled, get_bool(object, "enabled"));
  CAIRN_TRY(read_limits(object, stage));
  CAIRN_ASSIGN(stage.cache, get_bool(object, "cache"));
  CAIRN_ASSIGN(stage.fresh_host, get_bool(object, "fresh_host"));
  return stage;
}

}  // namespace

const StageSpec* WorkflowSpec::find(std::string_view stage) const {
  const auto found = std::ranges::find(stages, stage, &StageSpec::name);
  return found == stages.end() ? nullptr : &*found;
}

json::object to_json(const WorkflowSpec& spec) {
  json::object labels;
  for (const auto& [name, value] : spec.labels) labels[name] = value;
  json::array stages;
  for (const StageSpec& stage : spec.stages) stages.push_back(stage_to_json(stage));
  return {{"name", spec.name},
          {"description", spec.description},
          {"labels", std::move(labels)},
          {"seed", spec.seed},
          {"params", spec.params},
          {"stages", std::move(stages)},
          {"max_parallel", spec.max_parallel},
          {"fail_fast", spec.fail_fast},
          {"file", spec.file},
          {"source", spec.source},
          {"folder", spec.folder}};
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
  return spec;
}

}  // namespace cairn
