#include "core/workflow/plan.h"

#include <algorithm>
#include <set>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

class Planner {
 public:
  Planner(const WorkflowSpec& spec, const PlanSources& sources) : spec_(spec), sources_(sources) {}

  PlannedStage plan(const StageSpec& stage) {
    PlannedStage planned;
    planned.name = stage.name;
    planned.uses = stage.uses;
    planned.outputs = stage.outputs;
    for (const auto& [port, references] : stage.inputs)
      planned.inputs.push_back(wire(port, references));
    decide(stage, planned);
    if (planned.action == PlanAction::kSkip) skipped_.insert(stage.name);
    return planned;
  }

 private:
  std::string wire(const std::string& port, const std::vector<OutputRef>& references) const {
    std::vector<std::string> names;
    std::string kind;
    for (const OutputRef& reference : references) {
      names.push_back(reference.stage + "." + reference.output);
      for (const DeclaredOutput& output : spec_.find(reference.stage)->outputs) {
        if (output.name == reference.output) kind = output.kind;
      }
    }
    return port + " = " + join(names, ", ") + " (" + kind + ")";
  }

  void decide(const StageSpec& stage, PlannedStage& planned) {
    if (!stage.enabled) {
      planned.action = PlanAction::kSkip;
      planned.because = {"its condition is false"};
      return;
    }
    InputDigests digests;
    std::set<std::string> running;
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) {
        if (skipped_.contains(reference.stage)) {
          planned.action = PlanAction::kSkip;
          planned.because = {"its input comes from '" + reference.stage + "', which is skipped"};
          return;
        }
        const auto outputs = outputs_.find(reference.stage);
        const auto digest = outputs == outputs_.end() ? OutputDigests::const_iterator()
                                                      : outputs->second.find(reference.output);
        if (outputs == outputs_.end() || digest == outputs->second.end())
          running.insert(reference.stage);
        else
          digests[port].push_back(digest->second);
      }
    }
    if (stage.when) planned.because.push_back("if " + *stage.when);
    if (sources_.checkpoint) {
      if (auto step = sources_.checkpoint(stage)) {
        planned.action = PlanAction::kContinue;
        planned.step = step;
        planned.because.push_back("a checkpoint of step " + std::to_string(*step) + " is kept");
        return;
      }
    }
    if (!stage.cache) {
      planned.because.emplace_back("it is never taken from the cache");
    } else if (!running.empty()) {
      planned.because.push_back("its inputs come from " +
                                join({running.begin(), running.end()}, ", ") +
                                (running.size() == 1 ? ", which runs" : ", which run"));
    } else if (auto cached = sources_.cached ? sources_.cached(stage, digests) : std::nullopt) {
      planned.action = PlanAction::kReuse;
      planned.because.emplace_back("an earlier result has the same key");
      outputs_[stage.name] = std::move(*cached);
    } else {
      planned.because.emplace_back("no earlier result has its key");
    }
  }

  const WorkflowSpec& spec_;
  const PlanSources& sources_;
  std::map<std::string, OutputDigests> outputs_;  // of stages that are reused
  std::set<std::string> skipped_;
};

}  // namespace

const char* to_string(PlanAction action) {
  switch (action) {
    case PlanAction::kRun:
      return "run";
    case PlanAction::kReuse:
      return "reuse";
    case PlanAction::kContinue:
      return "continue";
    case PlanAction::kSkip:
      return "skip";
  }
  return "run";
}

std::vector<PlannedStage> plan_workflow(const WorkflowSpec& spec, const PlanSources& sources) {
  Planner planner(spec, sources);
  std::vector<PlannedStage> plan;
  for (const StageSpec& stage : spec.stages) plan.push_back(planner.plan(stage));
  return plan;
}

json::object to_json(const std::vector<PlannedStage>& plan) {
  json::array stages;
  for (const PlannedStage& stage : plan) {
    json::object object{{"name", stage.name},
                        {"uses", stage.uses},
                        {"tasks", stage.tasks},
                        {"action", to_string(stage.action)}};
    if (stage.step) object["step"] = *stage.step;
    object["because"] = json::value_from(stage.because);
    stages.push_back(std::move(object));
  }
  return {{"stages", std::move(stages)}};
}

}  // namespace cairn
