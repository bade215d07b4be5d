#include "core/server/reading/run_diff.h"

#include <algorithm>

#include "core/engine/cache_key.h"
#include "core/engine/view.h"

namespace cairn {
namespace {

json::value digest_of_all(const std::vector<std::string>& digests) {
  if (digests.size() == 1) return json::value(digests[0]);
  std::string all;
  for (const std::string& digest : digests) all += digest + "\n";
  return json::object{{"artifacts", digests.size()}, {"digest", digest_of(all)}};
}

json::object outputs_of(const RunState& state, std::uint32_t stage) {
  std::map<std::string, std::vector<std::string>> digests;
  for (std::uint32_t cell = 0; cell < state.stages[stage].count; ++cell) {
    for (const Artifact& output : state.tasks[state.task_of(stage, cell)].outputs)
      digests[output.name()].push_back(output.digest());
  }
  json::object outputs;
  for (const auto& [name, list] : digests) outputs[name] = digest_of_all(list);
  return outputs;
}

json::object metrics_of(const RunState& state, std::uint32_t stage) {
  std::map<std::string, std::pair<double, std::uint64_t>> sums;
  for (std::uint32_t cell = 0; cell < state.stages[stage].count; ++cell) {
    for (const auto& [name, value] : state.tasks[state.task_of(stage, cell)].metrics) {
      sums[name].first += value;
      ++sums[name].second;
    }
  }
  json::object metrics;
  for (const auto& [name, sum] : sums) metrics[name] = sum.first / static_cast<double>(sum.second);
  return metrics;
}

json::object stage_document(const RunState& state, std::uint32_t number) {
  const StageSpec& stage = state.spec->stages[number];
  json::object inputs;
  const json::object components = key_components(state, number);
  for (const auto& [port, digests] : components.at("inputs").as_object()) {
    std::vector<std::string> list;
    for (const json::value& digest : digests.as_array()) list.emplace_back(digest.as_string());
    inputs[port] = digest_of_all(list);
  }
  json::object document{{"name", stage.name},
                        {"status", stage_status(state, number, true)},
                        {"code", json::object{{"uses", stage.uses},
                                              {"revision", stage.revision},
                                              {"plugin_digest", stage.plugin_digest}}},
                        {"params", stage.key_params},
                        {"inputs", std::move(inputs)},
                        {"outputs", outputs_of(state, number)},
                        {"metrics", metrics_of(state, number)}};
  if (state.stages[number].cells) document["tasks"] = state.stages[number].count;
  return document;
}

const json::value* find(const json::object& object, std::string_view key) {
  return object.if_contains(key);
}

class Differ {
 public:
  void compare(const std::string& part, const std::string& name, const json::value* one,
               const json::value* other, bool counts = true) {
    if (one != nullptr && other != nullptr && *one == *other) return;
    if (one == nullptr && other == nullptr) return;
    json::object entry{{"part", part},
                       {"name", name},
                       {"one", one == nullptr ? json::value() : *one},
                       {"other", other == nullptr ? json::value() : *other}};
    if (part == "metrics" && one != nullptr && other != nullptr) {
      boost::system::error_code error;
      const double delta = other->to_number<double>(error) - one->to_number<double>(error);
      if (!error) entry["delta"] = delta;
    }
    equal_ = equal_ && !counts;
    differences_.push_back(std::move(entry));
  }

  // Member by member; objects within are one value.
  void compare_members(const std::string& part, const std::string& prefix, const json::value* one,
                       const json::value* other, bool counts = true) {
    const json::object none;
    const json::object& first = one != nullptr && one->is_object() ? one->as_object() : none;
    const json::object& second = other != nullptr && other->is_object() ? other->as_object() : none;
    for (const auto& [key, value] : first)
      compare(part, prefix + std::string(key), &value, find(second, key), counts);
    for (const auto& [key, value] : second) {
      if (!first.contains(key)) compare(part, prefix + std::string(key), nullptr, &value, counts);
    }
  }

  void compare_stage(const json::object& one, const json::object& other) {
    const std::string name(one.at("name").as_string());
    compare("stage", name + " status", find(one, "status"), find(other, "status"), false);
    compare("stage", name + " tasks", find(one, "tasks"), find(other, "tasks"));
    for (const auto& [part, key] : {std::pair("code", "code"),
                                    {"stage params", "params"},
                                    {"inputs", "inputs"},
                                    {"outputs", "outputs"}})
      compare_members(part, name + ".", find(one, key), find(other, key));
    compare_members("metrics", name + ".", find(one, "metrics"), find(other, "metrics"), false);
  }

  json::object result(const json::object& one, const json::object& other) {
    return {{"one", one.at("id")},
            {"other", other.at("id")},
            {"equal", equal_},
            {"differences", std::move(differences_)}};
  }

 private:
  bool equal_ = true;
  json::array differences_;
};

const json::object* find_stage(const json::object& run, const json::value& name) {
  for (const json::value& stage : run.at("stages").as_array()) {
    if (stage.as_object().at("name") == name) return &stage.as_object();
  }
  return nullptr;
}

}  // namespace

json::object diff_document(const RunState& state) {
  json::array stages;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i)
    stages.push_back(stage_document(state, i));
  auto environment = parse_json_object(state.environment_json);
  return {{"id", state.id},
          {"name", state.spec->name},
          {"seed", state.spec->seed},
          {"params", state.spec->params},
          {"environment", environment.ok() ? std::move(*environment) : json::object()},
          {"stages", std::move(stages)}};
}

json::object diff_runs(const json::object& one, const json::object& other) {
  Differ differ;
  differ.compare("workflow", "name", find(one, "name"), find(other, "name"));
  differ.compare("workflow", "seed", find(one, "seed"), find(other, "seed"));
  differ.compare_members("params", "", find(one, "params"), find(other, "params"));
  differ.compare_members("environment", "", find(one, "environment"), find(other, "environment"),
                         false);
  for (const json::value& value : one.at("stages").as_array()) {
    const json::object& stage = value.as_object();
    if (const json::object* same = find_stage(other, stage.at("name"))) {
      differ.compare_stage(stage, *same);
    } else {
      differ.compare("stage", std::string(stage.at("name").as_string()), find(stage, "status"),
                     nullptr);
    }
  }
  for (const json::value& value : other.at("stages").as_array()) {
    const json::object& stage = value.as_object();
    if (find_stage(one, stage.at("name")) == nullptr) {
      differ.compare("stage", std::string(stage.at("name").as_string()), nullptr,
                     find(stage, "status"));
    }
  }
  return differ.result(one, other);
}

}  // namespace cairn
