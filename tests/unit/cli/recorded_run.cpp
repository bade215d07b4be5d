#include "tests/unit/cli/recorded_run.h"

#include <stdexcept>

#include "core/engine/layout.h"

namespace cairn {
namespace {

StageSpec stage(const std::string& name, const std::string& uses, const std::string& input) {
  StageSpec spec;
  spec.name = name;
  spec.uses = uses;
  spec.plugin = "/plugins/" + uses + ".so";
  spec.plugin_digest = digest_of(uses);
  spec.params["steps"] = 4;
  spec.key_params = spec.params;
  spec.outputs = {{"out", "file"}};
  if (!input.empty()) spec.inputs["in"] = {{input, "out"}};
  return spec;
}

}  // namespace

RunState recorded_run(const std::string& id, const std::map<std::string, Digest>& digests) {
  WorkflowSpec spec;
  spec.name = "recorded";
  spec.params["steps"] = 4;
  spec.stages = {stage("made", "make", ""), stage("train", "fit", "made"),
                 stage("report", "tell", "train")};
  spec.stages[1].cells = Cells{{"lr=1", "lr=2"}, {{"lr", {1, 2}}}, {}};
  RunState state;
  state.id = id;
  state.status = RunStatus::kSucceeded;
  if (!lay_out(state, std::make_shared<const WorkflowSpec>(spec)).ok())
    throw std::logic_error("the recorded workflow is wrong");
  for (StageState& each : state.stages) each.in_phase = {};
  for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
    TaskState& task = state.tasks[i];
    task.phase = TaskPhase::kSucceeded;
    ++state.stages[task.stage].in_phase[static_cast<std::size_t>(task.phase)];
    const std::string name = task_name(state, i);
    const auto given = digests.find(name);
    Artifact& output = task.outputs.emplace_back();
    output.set_name("out");
    output.set_kind("file");
    output.set_digest(given == digests.end() ? digest_of(id + name) : given->second);
    task.metrics["loss"] = static_cast<double>(i);
  }
  state.unfinished = 0;
  return state;
}

json::object object_at(const json::value& value, const std::vector<std::string>& path) {
  const json::value* at = &value;
  for (const std::string& key : path) {
    at = at->is_array() ? &at->as_array().at(std::stoul(key)) : &at->as_object().at(key);
  }
  return at->as_object();
}

}  // namespace cairn
