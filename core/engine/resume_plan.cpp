#include <set>

#include "core/engine/step.h"

namespace cairn {
namespace {

bool same_work(const StageSpec& one, const StageSpec& other) {
  if (one.uses != other.uses || one.revision != other.revision) return false;
  if (canonical_json(one.key_params) != canonical_json(other.key_params)) return false;
  if (one.enabled != other.enabled || one.when != other.when) return false;
  const auto same_references = [](const auto& a, const auto& b) {
    return a.first == b.first &&
           std::equal(a.second.begin(), a.second.end(), b.second.begin(), b.second.end(),
                      [](const OutputRef& x, const OutputRef& y) {
                        return x.stage == y.stage && x.output == y.output;
                      });
  };
  return std::equal(one.inputs.begin(), one.inputs.end(), other.inputs.begin(), other.inputs.end(),
                    same_references);
}

std::string why_unfinished(const TaskState& task) {
  std::string why = std::string("it was ") + to_string(task.phase);
  if (!task.cause.empty()) why += " (" + task.cause + ")";
  if (task.checkpoint_step) {
    why += ", goes on from step " + std::to_string(*task.checkpoint_step);
  }
  return why;
}

}  // namespace

Result<v1::RunResumed> plan_resume(const RunState& state,
                                   const std::map<std::string, std::string>& lost,
                                   const WorkflowSpec* next,
                                   const std::optional<std::string>& from) {
  const std::vector<StageSpec>& stages = next != nullptr ? next->stages : state.spec->stages;
  const auto same_name = [](const StageSpec& a, const StageSpec& b) { return a.name == b.name; };
  if (!std::equal(stages.begin(), stages.end(), state.spec->stages.begin(),
                  state.spec->stages.end(), same_name)) {
    return conflict(
        "run " + state.id + " has other stages than the workflow it would continue as",
        "submit the changed workflow as a new run; unchanged stages come from the cache");
  }
  if (from && !state.find(*from)) {
    return not_found("run " + state.id + " has no stage '" + *from + "'");
  }

  v1::RunResumed plan;
  plan.set_revision(state.revision + 1);
  if (next != nullptr) plan.set_workflow_json(canonical_json(to_json(*next)));
  std::set<std::string> forced;   // run anew because of `from`
  std::set<std::string> changed;  // their outputs may differ from before
  std::set<std::string> reopened;
  for (std::size_t i = 0; i < stages.size(); ++i) {
    const StageSpec& stage = stages[i];
    const TaskState& task = state.tasks[i];
    std::string because;
    bool no_cache = from == stage.name;
    bool anew = no_cache;
    bool follows = false;
    if (no_cache) because = "asked for";
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) {
        if (forced.contains(reference.stage)) no_cache = anew = true;
        if (changed.contains(reference.stage)) anew = true;
        if (anew && because.empty()) because = "its input " + port + " is made anew";
        if (reopened.contains(reference.stage)) follows = true;
      }
    }
    for (const std::string& name : stage.after) follows = follows || reopened.contains(name);
    if (because.empty() && (!same_work(stage, state.spec->stages[i]) ||
                            (stage.random && next != nullptr && next->seed != state.spec->seed))) {
      because = "its parameters changed";
      anew = true;
    }
    if (because.empty()) {
      const auto missing = lost.find(stage.name);
      const bool by_when = task.phase == TaskPhase::kSkipped && task.cause.empty();
      if (task.phase == TaskPhase::kSucceeded) {
        if (missing != lost.end()) {
          because = std::string(cause::kLostArtifact) + ": " + missing->second;
        }
      } else if (by_when) {
        if (follows) because = "its `when` is asked again";
      } else if (is_final(task.phase)) {
        because = why_unfinished(task);
      }
    }
    if (because.empty()) continue;
    if (task.phase == TaskPhase::kRunning) {
      return conflict("stage '" + stage.name + "' of run " + state.id + " is still running",
                      "cancel the run first");
    }
    if (no_cache) forced.insert(stage.name);
    if (anew) changed.insert(stage.name);
    reopened.insert(stage.name);
    v1::ReopenedTask* entry = plan.add_reopened();
    entry->set_task(stage.name);
    entry->set_because(because);
    entry->set_anew(anew);
    entry->set_no_cache(no_cache);
  }
  return plan;
}

}  // namespace cairn
