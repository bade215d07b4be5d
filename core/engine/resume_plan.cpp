#include <set>

#include "core/engine/cache_key.h"
#include "core/engine/layout.h"
#include "core/engine/step.h"

namespace cairn {
namespace {

bool same_references(const StageSpec& one, const StageSpec& other) {
  const auto same = [](const auto& a, const auto& b) {
    return a.first == b.first &&
           std::equal(a.second.begin(), a.second.end(), b.second.begin(), b.second.end(),
                      [](const OutputRef& x, const OutputRef& y) {
                        return x.stage == y.stage && x.output == y.output;
                      });
  };
  return std::equal(one.inputs.begin(), one.inputs.end(), other.inputs.begin(), other.inputs.end(),
                    same);
}

// What all tasks of a stage share.
bool same_work(const StageSpec& one, const StageSpec& other) {
  return one.uses == other.uses && one.revision == other.revision &&
         canonical_json(one.key_params) == canonical_json(other.key_params) &&
         one.enabled == other.enabled && one.when == other.when && same_references(one, other);
}

bool same_list(const StageSpec& one, const StageSpec& other) {
  if (one.foreach.has_value() != other.foreach.has_value()) return false;
  return !one.foreach ||
         (one.foreach->list.stage == other.foreach->list.stage &&
          one.foreach->list.output == other.foreach->list.output &&
          canonical_json(one.foreach->templates) == canonical_json(other.foreach->templates));
}

std::string why_unfinished(const TaskState& task) {
  std::string why = std::string("it was ") + to_string(task.phase);
  if (const std::string& cause = task.misfortune().cause; !cause.empty()) why += " (" + cause + ")";
  if (task.checkpoint_step) {
    why += ", goes on from step " + std::to_string(*task.checkpoint_step);
  }
  return why;
}

// Goes through the stages in their order; what one reopens decides about those behind it.
class ResumePlanner {
 public:
  ResumePlanner(const RunState& state, const std::map<std::string, std::string>& lost,
                const std::optional<std::string>& from)
      : state_(state), lost_(lost), from_(from) {}

  Result<v1::RunResumed> plan(const WorkflowSpec* next) {
    after_.spec = state_.spec;
    after_.stages = state_.stages;
    after_.tasks = state_.tasks;
    auto spec = next != nullptr ? std::make_shared<const WorkflowSpec>(*next) : state_.spec;
    // First which lists are read anew, for that decides how tasks are numbered.
    for (std::uint32_t i = 0; i < spec->stages.size(); ++i) find_collapsed(*spec, i);
    CAIRN_TRY(lay_out_again(after_, spec, {collapsed_.begin(), collapsed_.end()}));
    if (after_.running != state_.running) {
      return conflict("a task of run " + state_.id + " is still running that would be no more",
                      "cancel the run first");
    }
    for (std::uint32_t i = 0; i < spec->stages.size(); ++i) CAIRN_TRY(plan_stage(i));
    for (auto& [reason, entry] : groups_) *plan_.add_reopened() = std::move(entry);
    for (const std::uint32_t stage : collapsed_) plan_.add_collapsed(stage);
    plan_.set_revision(state_.revision + 1);
    if (next != nullptr) plan_.set_workflow_json(canonical_json(to_json(*next)));
    return std::move(plan_);
  }

 private:
  [[nodiscard]] bool reopens_any(std::uint32_t stage, const WorkflowSpec& spec) const {
    if (rerun_.contains(stage)) return true;
    const StageState& found = state_.stages[stage];
    if (from_ == spec.stages[stage].name) return true;
    if (found.in(TaskPhase::kSucceeded) < std::max<std::uint32_t>(found.count, 1)) return true;
    if (!same_work(spec.stages[stage], state_.spec->stages[stage])) return true;
    for (std::uint32_t cell = 0; !lost_.empty() && cell < found.count; ++cell) {
      if (lost_.contains(task_name(state_, state_.task_of(stage, cell)))) return true;
    }
    return false;
  }

  // A list is read anew when what makes it runs again, or the templates changed.
  void find_collapsed(const WorkflowSpec& spec, std::uint32_t stage) {
    bool changed = false;
    const auto look = [&](const std::string& name) {
      if (const auto found = state_.find_stage(name); found && rerun_.contains(*found)) {
        changed = true;
      }
    };
    for (const auto& [port, references] : spec.stages[stage].inputs) {
      for (const OutputRef& reference : references) look(reference.stage);
    }
    const auto& foreach = spec.stages[stage].foreach;
    if (foreach) look(foreach->list.stage);
    if (changed || reopens_any(stage, spec)) rerun_.insert(stage);
    const StageState& found = state_.stages[stage];
    if (!foreach || !state_.spec->stages[stage].foreach || !found.expanded) return;
    const auto list = state_.find_stage(foreach->list.stage);
    const bool again = (list && rerun_.contains(*list)) ||
                       !same_list(spec.stages[stage], state_.spec->stages[stage]);
    if (again && found.in(TaskPhase::kRunning) == 0) collapsed_.insert(stage);
  }

  struct Upstream {
    std::string because;
    bool anew = false;
    bool no_cache = false;
    bool follows = false;  // something before it runs again
  };

  Upstream look_up(const StageSpec& stage) const {
    Upstream found;
    if (from_ == stage.name) {
      found = {.because = "asked for", .anew = true, .no_cache = true};
    }
    const auto look = [&](const std::string& name, const std::string& port) {
      if (forced_.contains(name)) found.no_cache = found.anew = true;
      if (changed_.contains(name)) found.anew = true;
      if (found.anew && found.because.empty()) {
        found.because =
            port.empty() ? "its list is made anew" : "its input " + port + " is made anew";
      }
      if (reopened_.contains(name)) found.follows = true;
    };
    for (const auto& [port, references] : stage.inputs) {
      for (const OutputRef& reference : references) look(reference.stage, port);
    }
    if (stage.foreach) look(stage.foreach->list.stage, "");
    for (const auto* names : {&stage.after, &stage.handles}) {
      for (const std::string& name : *names) {
        found.follows = found.follows || reopened_.contains(name);
      }
    }
    return found;
  }

  Result<void> plan_stage(std::uint32_t number) {
    const StageSpec& stage = after_.spec->stages[number];
    const StageSpec& before = state_.spec->stages[number];
    const Upstream upstream = look_up(stage);
    const bool shared_changed =
        !same_work(stage, before) || (stage.random && after_.spec->seed != state_.spec->seed);
    const std::uint32_t tasks = std::max<std::uint32_t>(after_.stages[number].count, 1);
    for (std::uint32_t cell = 0; cell < tasks; ++cell) {
      const std::uint32_t task = after_.task_of(number, cell);
      const std::string because = reason(task, upstream, shared_changed);
      if (because.empty()) continue;
      if (after_.tasks[task].phase == TaskPhase::kRunning) {
        return conflict("stage '" + stage.name + "' of run " + state_.id + " is still running",
                        "cancel the run first");
      }
      const bool anew = upstream.anew || shared_changed || own_changed(task);
      if (after_.tasks[task].phase != TaskPhase::kWaiting || anew || upstream.no_cache) {
        add(task, because, anew, upstream.no_cache);
      }
      reopened_.insert(stage.name);
      if (upstream.no_cache) forced_.insert(stage.name);
      if (anew) changed_.insert(stage.name);
    }
    if (collapsed_.contains(number)) {
      reopened_.insert(stage.name);
      changed_.insert(stage.name);
    }
    return {};
  }

  std::string reason(std::uint32_t number, const Upstream& upstream, bool shared_changed) const {
    const TaskState& task = after_.tasks[number];
    if (!upstream.because.empty()) return upstream.because;
    if (shared_changed || own_changed(number)) return "its parameters changed";
    if (task.phase == TaskPhase::kSucceeded) {
      const auto missing = lost_.find(task_name(after_, number));
      if (missing == lost_.end()) return {};
      return std::string(cause::kLostArtifact) + ": " + missing->second;
    }
    const StageState& stage = after_.stages[task.stage];
    if (task.phase == TaskPhase::kSkipped && stage.cause.empty()) {
      return upstream.follows ? "its `when` is asked again" : std::string();
    }
    return is_final(task.phase) ? why_unfinished(task) : std::string();
  }

  // Whether the task's own parameters are others than those of the task with its label.
  [[nodiscard]] bool own_changed(std::uint32_t number) const {
    const TaskState& task = after_.tasks[number];
    const StageState& before = state_.stages[task.stage];
    const StageState& now = after_.stages[task.stage];
    if (!now.cells || !before.cells || now.cells == before.cells) return false;
    if (now.cells->params == before.cells->params &&
        now.cells->key_params == before.cells->key_params) {
      return false;
    }
    auto [labels, fresh] = labels_.try_emplace(task.stage);
    for (std::uint32_t cell = 0; fresh && cell < before.cells->size(); ++cell) {
      labels->second.emplace(before.cells->labels[cell], cell);
    }
    const auto found = labels->second.find(now.cells->labels[task.cell]);
    if (found == labels->second.end()) return false;
    return canonical_json(cell_key_params(before, found->second)) !=
           canonical_json(cell_key_params(now, task.cell));
  }

  void add(std::uint32_t task, const std::string& because, bool anew, bool no_cache) {
    const auto key = std::to_string(anew) + std::to_string(no_cache) + because;
    auto [entry, fresh] = groups_.try_emplace(key);
    if (fresh) {
      entry->second.set_because(because);
      entry->second.set_anew(anew);
      entry->second.set_no_cache(no_cache);
    }
    entry->second.add_tasks(task);
  }

  const RunState& state_;
  const std::map<std::string, std::string>& lost_;
  const std::optional<std::string>& from_;
  RunState after_;  // numbered as in the next revision
  std::set<std::uint32_t> rerun_;
  std::set<std::uint32_t> collapsed_;
  std::set<std::string> forced_;    // run anew because of `from`
  std::set<std::string> changed_;   // their outputs may differ from before
  std::set<std::string> reopened_;  // some of their tasks run again
  std::map<std::string, v1::ReopenedTasks> groups_;
  // Cells by label, of stages that were asked for.
  mutable std::map<std::uint32_t, std::map<std::string_view, std::uint32_t>> labels_;
  v1::RunResumed plan_;
};

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
  if (from && !state.find_stage(*from)) {
    return not_found("run " + state.id + " has no stage '" + *from + "'");
  }
  return ResumePlanner(state, lost, from).plan(next);
}

}  // namespace cairn
