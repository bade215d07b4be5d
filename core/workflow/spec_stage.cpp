#include <array>
#include <boost/json/value_from.hpp>

#include "core/workflow/spec_json.h"

namespace cairn {
namespace {

constexpr std::array<const char*, 3> kWhens = {"not_finite", "above", "below"};
constexpr std::array<const char*, 2> kActions = {"stop", "roll_back"};

json::object where_to_json(const Where& where) {
  return {{"file", where.file}, {"line", where.line}, {"column", where.column}};
}

json::object reference_to_json(const OutputRef& reference) {
  return {{"stage", reference.stage}, {"output", reference.output}};
}

json::object wiring_to_json(const StageSpec& stage) {
  json::object inputs;
  for (const auto& [port, references] : stage.inputs) {
    json::array list;
    for (const auto& reference : references) list.push_back(reference_to_json(reference));
    inputs[port] = std::move(list);
  }
  return inputs;
}

json::object retry_to_json(const RetrySpec& retry) {
  json::object object{{"max_attempts", retry.max_attempts}, {"backoff_ms", retry.backoff.count()}};
  if (!retry.by_cause.empty()) object["by_cause"] = map_to_json(retry.by_cause);
  return object;
}

json::object resources_to_json(const ResourceSpec& resources) {
  json::object object{
      {"cpus", resources.cpus}, {"memory_bytes", resources.memory_bytes}, {"gpus", resources.gpus}};
  if (!resources.pools.empty()) object["pools"] = map_to_json(resources.pools);
  return object;
}

json::object foreach_to_json(const ForeachSpec& foreach) {
  // Declarations travel as those of a stage type that has no more than these parameters.
  StageDecl carrier;
  carrier.params = foreach.decls;
  return {{"list", reference_to_json(foreach.list)},
          {"templates", foreach.templates},
          {"decls", to_json(carrier).at("params")}};
}

json::object watchdog_to_json(const WatchdogSpec& watchdog) {
  return {{"metric", watchdog.metric},
          {"when", kWhens.at(static_cast<std::size_t>(watchdog.when))},
          {"limit", watchdog.limit},
          {"points", watchdog.points},
          {"action", kActions.at(static_cast<std::size_t>(watchdog.action))},
          {"params", watchdog.params},
          {"most", watchdog.most}};
}

Result<Where> where_from_json(const json::object& object) {
  Where where;
  CAIRN_ASSIGN(where.file, get_string(object, "file"));
  CAIRN_TRY(read_int(object, "line", where.line));
  CAIRN_TRY(read_int(object, "column", where.column));
  return where;
}

Result<OutputRef> reference_from_json(const json::value& value) {
  CAIRN_ASSIGN(const auto* object, as_object(value, "a reference"));
  OutputRef reference;
  CAIRN_ASSIGN(reference.stage, get_string(*object, "stage"));
  CAIRN_ASSIGN(reference.output, get_string(*object, "output"));
  return reference;
}

Result<std::vector<std::string>> read_names(const json::object& object, std::string_view key) {
  std::vector<std::string> names;
  CAIRN_ASSIGN(const auto* list, get_array(object, key));
  for (const auto& name : *list) {
    if (!name.is_string())
      return corrupt("'" + std::string(key) + "' of a workflow holds what is no name");
    names.emplace_back(name.as_string());
  }
  return names;
}

Result<void> read_wiring(const json::object& object, StageSpec& stage) {
  CAIRN_ASSIGN(const auto* inputs, get_object(object, "inputs"));
  for (const auto& input : *inputs) {
    CAIRN_ASSIGN(const auto* references, get_array(*inputs, input.key()));
    auto& list = stage.inputs[std::string(input.key())];
    for (const auto& value : *references) {
      CAIRN_ASSIGN(auto reference, reference_from_json(value));
      list.push_back(std::move(reference));
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
  CAIRN_ASSIGN(stage.after, read_names(object, "after"));
  if (object.contains("handles")) {
    CAIRN_ASSIGN(stage.handles, read_names(object, "handles"));
  }
  return {};
}

Result<void> read_limits(const json::object& object, StageSpec& stage) {
  CAIRN_ASSIGN(const auto* retry, get_object(object, "retry"));
  CAIRN_TRY(read_int(*retry, "max_attempts", stage.retry.max_attempts));
  CAIRN_ASSIGN(const auto backoff, get_int(*retry, "backoff_ms"));
  stage.retry.backoff = Duration(backoff);
  CAIRN_ASSIGN(stage.retry.by_cause, read_counts(*retry, "by_cause"));
  CAIRN_ASSIGN(const auto* resources, get_object(object, "resources"));
  CAIRN_TRY(read_int(*resources, "cpus", stage.resources.cpus));
  CAIRN_ASSIGN(stage.resources.memory_bytes, get_uint(*resources, "memory_bytes"));
  CAIRN_TRY(read_int(*resources, "gpus", stage.resources.gpus));
  CAIRN_ASSIGN(stage.resources.pools, read_counts(*resources, "pools"));
  if (object.contains("timeout_ms")) {
    CAIRN_ASSIGN(const auto timeout, get_int(object, "timeout_ms"));
    stage.timeout = Duration(timeout);
  }
  return {};
}

Result<std::map<std::string, json::array>> read_columns(const json::object& object,
                                                        std::string_view key, std::size_t size) {
  std::map<std::string, json::array> columns;
  if (!object.contains(key)) return columns;
  CAIRN_ASSIGN(const auto* members, get_object(object, key));
  for (const auto& member : *members) {
    CAIRN_ASSIGN(const auto* column, get_array(*members, member.key()));
    if (column->size() != size)
      return corrupt("the column '" + std::string(member.key()) + "' has " +
                     std::to_string(column->size()) + " entries for " + std::to_string(size) +
                     " tasks");
    columns[std::string(member.key())] = *column;
  }
  return columns;
}

Result<ForeachSpec> foreach_from_json(const json::object& object) {
  ForeachSpec foreach;
  CAIRN_ASSIGN(const auto* list, get_object(object, "list"));
  CAIRN_ASSIGN(foreach.list, reference_from_json(*list));
  CAIRN_ASSIGN(const auto* templates, get_object(object, "templates"));
  foreach
    .templates = *templates;
  CAIRN_ASSIGN(const auto* decls, get_array(object, "decls"));
  json::object carrier = to_json(StageDecl{});
  carrier["params"] = *decls;
  CAIRN_ASSIGN(auto declared, stage_decl_from_json(carrier));
  foreach
    .decls = std::move(declared.params);
  return foreach;
}

template <typename Enum, std::size_t kSize>
Result<Enum> read_word(const json::object& object, std::string_view key,
                       const std::array<const char*, kSize>& words) {
  CAIRN_ASSIGN(const std::string word, get_string(object, key));
  for (std::size_t i = 0; i < kSize; ++i) {
    if (word == words.at(i)) return static_cast<Enum>(i);
  }
  return corrupt("'" + word + "' is no value of '" + std::string(key) + "'");
}

Result<WatchdogSpec> watchdog_from_json(const json::object& object) {
  WatchdogSpec watchdog;
  CAIRN_ASSIGN(watchdog.metric, get_string(object, "metric"));
  CAIRN_ASSIGN(watchdog.when, read_word<WatchdogSpec::When>(object, "when", kWhens));
  CAIRN_ASSIGN(watchdog.limit, get_double(object, "limit"));
  CAIRN_TRY(read_int(object, "points", watchdog.points));
  CAIRN_ASSIGN(watchdog.action, read_word<WatchdogSpec::Action>(object, "action", kActions));
  CAIRN_ASSIGN(const auto* params, get_object(object, "params"));
  watchdog.params = *params;
  CAIRN_TRY(read_int(object, "most", watchdog.most));
  return watchdog;
}

// What a stage has only at times. Journals of older versions have none of it.
Result<void> read_rare(const json::object& object, StageSpec& stage) {
  if (object.contains("cells")) {
    CAIRN_ASSIGN(const auto* cells, get_object(object, "cells"));
    CAIRN_ASSIGN(stage.cells, cells_from_json(*cells));
  }
  if (object.contains("foreach")) {
    CAIRN_ASSIGN(const auto* foreach, get_object(object, "foreach"));
    CAIRN_ASSIGN(stage.foreach, foreach_from_json(*foreach));
  }
  if (object.contains("max_parallel")) {
    CAIRN_TRY(read_int(object, "max_parallel", stage.max_parallel));
  }
  if (object.contains("approval")) {
    CAIRN_ASSIGN(stage.approval, get_string(object, "approval"));
  }
  if (object.contains("privileges")) {
    CAIRN_ASSIGN(stage.privileges, get_bool(object, "privileges"));
  }
  if (!object.contains("watchdogs")) return {};
  CAIRN_ASSIGN(const auto* watchdogs, get_array(object, "watchdogs"));
  for (const auto& value : *watchdogs) {
    CAIRN_ASSIGN(const auto* watchdog, as_object(value, "a watchdog"));
    CAIRN_ASSIGN(auto read, watchdog_from_json(*watchdog));
    stage.watchdogs.push_back(std::move(read));
  }
  return {};
}

}  // namespace

json::object to_json(const Cells& cells) {
  json::object object{{"labels", json::value_from(cells.labels)}};
  if (!cells.params.empty()) object["params"] = map_to_json(cells.params);
  if (!cells.key_params.empty()) object["key_params"] = map_to_json(cells.key_params);
  return object;
}

Result<Cells> cells_from_json(const json::object& object) {
  Cells cells;
  CAIRN_ASSIGN(cells.labels, read_names(object, "labels"));
  CAIRN_ASSIGN(cells.params, read_columns(object, "params", cells.size()));
  CAIRN_ASSIGN(cells.key_params, read_columns(object, "key_params", cells.size()));
  return cells;
}

json::object stage_to_json(const StageSpec& stage) {
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
                      {"inputs", wiring_to_json(stage)},
                      {"outputs", std::move(outputs)},
                      {"after", json::value_from(stage.after)},
                      {"enabled", stage.enabled},
                      {"retry", retry_to_json(stage.retry)},
                      {"resources", resources_to_json(stage.resources)},
                      {"cache", stage.cache},
                      {"fresh_host", stage.fresh_host}};
  if (stage.when) object["when"] = *stage.when;
  if (stage.timeout) object["timeout_ms"] = stage.timeout->count();
  if (stage.cells) object["cells"] = to_json(*stage.cells);
  if (stage.foreach) object["foreach"] = foreach_to_json(*stage.foreach);
  if (stage.max_parallel != 0) object["max_parallel"] = stage.max_parallel;
  if (stage.approval) object["approval"] = *stage.approval;
  if (stage.privileges) object["privileges"] = true;
  if (!stage.handles.empty()) object["handles"] = json::value_from(stage.handles);
  if (!stage.watchdogs.empty()) {
    json::array watchdogs;
    for (const auto& watchdog : stage.watchdogs) watchdogs.push_back(watchdog_to_json(watchdog));
    object["watchdogs"] = std::move(watchdogs);
  }
  return object;
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
  CAIRN_TRY(read_rare(object, stage));
  return stage;
}

}  // namespace cairn
