#include "core/server/resume_view.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <map>

#include "core/engine/cache_key.h"
#include "core/engine/layout.h"
#include "core/engine/spent.h"
#include "core/workflow/plan.h"

namespace cairn {
namespace {

// Reasons of one stage, however many tasks it has.
constexpr std::size_t kReasonsShown = 5;

struct StageFate {
  std::map<std::string, std::uint64_t> by_action;
  std::vector<std::string> because;
  std::optional<std::int64_t> step;
  Saving saved;

  void add(const std::string& action, const std::string& reason) {
    ++by_action[action];
    const bool known = std::find(because.begin(), because.end(), reason) != because.end();
    if (!reason.empty() && !known && because.size() < kReasonsShown) because.push_back(reason);
  }
  [[nodiscard]] std::string action() const {
    for (const char* name : {"run", "continue", "reuse"}) {
      if (by_action.contains(name)) return name;
    }
    return "skip";
  }
};

StageFate fate_of(const RunState& after, std::uint32_t stage,
                  const std::map<std::uint32_t, const v1::ReopenedTasks*>& reopened,
                  const NewestStep& newest_step) {
  StageFate fate;
  const std::uint32_t tasks = std::max<std::uint32_t>(after.stages[stage].count, 1);
  for (std::uint32_t cell = 0; cell < tasks; ++cell) {
    const std::uint32_t number = after.task_of(stage, cell);
    const TaskState& task = after.tasks[number];
    if (const auto found = reopened.find(number); found != reopened.end()) {
      const auto step =
          found->second->anew() || !task.checkpoint_step
              ? std::nullopt
              : newest_step(task_folder(after, number), task.misfortune().newest_checkpoint);
      fate.add(step ? "continue" : "run", found->second->because());
      if (step) fate.step = step;
    } else if (task.phase == TaskPhase::kSucceeded) {
      fate.add("reuse", "it has succeeded, and its results are there");
      const SpentTime spent = spent_by(after, task, std::nullopt);
      fate.saved.add({spent.seconds, spent.gpu_seconds});
    } else if (task.phase == TaskPhase::kSkipped) {
      fate.add("skip", after.stages[stage].message.empty() ? "its condition is false"
                                                           : after.stages[stage].message);
    } else {
      fate.add("run", "it has not run yet");
    }
  }
  return fate;
}

json::object shared_parts(const WorkflowSpec& spec, const StageSpec& stage) {
  json::object parts{
      {"stage_type", stage.uses}, {"revision", stage.revision}, {"params", stage.key_params}};
  if (stage.random) parts["seed"] = spec.seed;
  return parts;
}

}  // namespace

Result<json::object> resume_view(const RunState& before, const v1::RunResumed& plan,
                                 const NewestStep& newest_step) {
  RunState after = before;
  if (!plan.workflow_json().empty() || !plan.collapsed().empty()) {
    auto spec = before.spec;
    if (!plan.workflow_json().empty()) {
      CAIRN_ASSIGN(spec, parse_workflow(plan.workflow_json()));
    }
    CAIRN_TRY(lay_out_again(after, spec, {plan.collapsed().begin(), plan.collapsed().end()}));
  }
  std::map<std::uint32_t, const v1::ReopenedTasks*> reopened;
  for (const auto& group : plan.reopened()) {
    for (const std::uint32_t task : group.tasks()) reopened[task] = &group;
  }
  json::array stages;
  for (std::uint32_t i = 0; i < after.stages.size(); ++i) {
    const StageSpec& stage = after.spec->stages[i];
    const StageFate fate = fate_of(after, i, reopened, newest_step);
    json::object object{{"name", stage.name},
                        {"uses", stage.uses},
                        {"tasks", after.stages[i].count},
                        {"action", fate.action()}};
    if (fate.step && after.stages[i].count <= 1) object["step"] = *fate.step;
    object["because"] = json::value_from(fate.because);
    if (fate.saved.seconds > 0) object["saved"] = to_json(fate.saved);
    const auto differs = differing_components(shared_parts(*before.spec, before.spec->stages[i]),
                                              shared_parts(*after.spec, stage));
    if (!differs.empty()) object["differs"] = json::value_from(differs);
    if (after.stages[i].count > 1) {
      json::object counts;
      for (const auto& [action, count] : fate.by_action) counts[action] = count;
      object["by_action"] = std::move(counts);
    }
    stages.push_back(std::move(object));
  }
  return json::object{
      {"id", before.id}, {"revision", plan.revision()}, {"stages", std::move(stages)}};
}

}  // namespace cairn
