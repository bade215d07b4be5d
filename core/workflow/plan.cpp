#include "core/workflow/plan.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
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
    if (stage.foreach) planned.tasks = 0;
    if (stage.cells) planned.tasks = static_cast<int>(stage.cells->size());
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
    if (!stage.handles.empty()) {
      planned.action = PlanAction::kSkip;
      planned.because = {
          "it runs only when " + join(stage.handles, " or ") +
          (stage.handles.size() == 1 ? " has failed" : " have ended and one failed")};
      return;
    }
    if (const std::string* source = skipped_source(stage)) {
      planned.action = PlanAction::kSkip;
      planned.because = {"its input comes from '" + *source + "', which is skipped"};
      return;
    }
    InputDigests digests;
    std::set<std::string> running;
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) {
        if (const auto* found = known_outputs(reference))
          digests[port].insert(digests[port].end(), found->begin(), found->end());
        else
          running.insert(reference.stage);
      }
    }
    if (stage.when) planned.because.push_back("if " + *stage.when);
    if (stage.approval) planned.because.emplace_back("once a person has approved it");
    if (stage.foreach) {
      const OutputRef& list = stage.foreach->list;
      planned.because.push_back("its list comes from " + list.stage + "." + list.output);
      return;
    }
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
    } else if (stage.cells) {
      ask_for_tasks(stage, digests, planned);
    } else if (auto cached = sources_.cached ? sources_.cached(stage, digests) : std::nullopt) {
      planned.action = PlanAction::kReuse;
      planned.because.emplace_back("an earlier result has the same key");
      for (auto& [output, digest] : cached->outputs)
        outputs_[stage.name][output] = {std::move(digest)};
      planned.saved = cached->saving;
    } else {
      planned.because.emplace_back("no earlier result has its key");
    }
  }

  void ask_for_tasks(const StageSpec& stage, const InputDigests& digests, PlannedStage& planned) {
    const std::size_t size = stage.cells->size();
    CachedTasks cached;
    if (sources_.cached_tasks) cached = sources_.cached_tasks(stage, digests);
    planned.because.push_back(cached.known == 0 ? "no earlier result has the key of a task"
                                                : std::to_string(cached.known) + " of " +
                                                      std::to_string(size) + " results are known");
    planned.saved = cached.saving;
    if (cached.known < size) return;
    planned.action = PlanAction::kReuse;
    outputs_[stage.name] = std::move(cached.outputs);
  }

  // The first stage that it takes something of and that is skipped; null: there is none.
  const std::string* skipped_source(const StageSpec& stage) const {
    if (stage.foreach && skipped_.contains(stage.foreach->list.stage))
      return &stage.foreach->list.stage;
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) {
        if (skipped_.contains(reference.stage)) return &reference.stage;
      }
    }
    return nullptr;
  }

  const std::vector<Digest>* known_outputs(const OutputRef& reference) const {
    const auto outputs = outputs_.find(reference.stage);
    if (outputs == outputs_.end()) return nullptr;
    const auto digests = outputs->second.find(reference.output);
    return digests == outputs->second.end() ? nullptr : &digests->second;
  }

  const WorkflowSpec& spec_;
  const PlanSources& sources_;
  // Of stages that are reused: the digests of each output, one per task.
  std::map<std::string, std::map<std::string, std::vector<Digest>>> outputs_;
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

json::object to_json(const Saving& saving) {
  return {{"seconds", saving.seconds}, {"gpu_seconds", saving.gpu_seconds}};
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
    if (stage.saved.seconds > 0) object["saved"] = to_json(stage.saved);
    stages.push_back(std::move(object));
  }
  return {{"stages", std::move(stages)}};
}

}  // namespace cairn
