#include "tests/unit/engine/simulation/random_workflow.h"

#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

class Drawer {
 public:
  explicit Drawer(RandomStream& random) : random_(random) {}

  DrawnWorkflow draw() {
    const std::uint64_t count = 2 + random_.below(6);
    for (std::uint64_t i = 0; i < count; ++i) add_stage("s" + std::to_string(i));
    drawn_.spec = workflow(std::move(stages_));
    drawn_.spec.max_parallel = one_in(3) ? 1 + static_cast<int>(random_.below(3)) : 0;
    drawn_.spec.fail_fast = one_in(8);
    drawn_.history_matters = drawn_.history_matters || drawn_.spec.fail_fast;
    drawn_.spec.pools = {{"licence", 1 + static_cast<int>(random_.below(2))}};
    drawn_.spec.seed = random_.below(5);
    return std::move(drawn_);
  }

 private:
  bool one_in(std::uint64_t n) { return random_.below(n) == 0; }

  void add_stage(const std::string& name) {
    std::vector<std::string> inputs;
    for (const StageSpec& earlier : stages_) {
      if (one_in(4) && earlier.handles.empty()) inputs.push_back(earlier.name);
    }
    StageSpec spec = stage(name, inputs, static_cast<int>(random_.below(6)));
    spec.random = one_in(2);
    if (spec.random) set_param(spec, "random", true);
    spec.fresh_host = one_in(4);
    spec.cache = !one_in(8);
    spec.resources.cpus = 1 + static_cast<int>(random_.below(3));
    if (one_in(6)) spec.resources.pools = {{"licence", 1}};
    if (one_in(8)) spec.timeout = Duration(40'000);
    spec.retry.max_attempts = 1 + static_cast<int>(random_.below(3));
    spec.retry.backoff = Duration(static_cast<std::int64_t>(random_.below(20'000)));
    if (one_in(4)) spec.retry.by_cause["oom"] = 1 + static_cast<int>(random_.below(3));
    if (!stages_.empty() && one_in(4)) {
      spec.after.push_back(stages_[random_.below(stages_.size())].name);
    }
    draw_tasks(spec);
    draw_end(spec);
    draw_gate(spec);
    stages_.push_back(std::move(spec));
  }

  void draw_tasks(StageSpec& spec) {
    if (one_in(3)) {
      spec = with_cells(std::move(spec), 1 + static_cast<int>(random_.below(4)));
      spec.max_parallel = one_in(3) ? 1 + static_cast<int>(random_.below(2)) : 0;
    } else if (!lists_.empty() && one_in(3)) {
      spec.foreach = ForeachSpec{
          .list = {lists_[random_.below(lists_.size())], "list"}, .templates = {}, .decls = {}};
    } else if (one_in(3)) {
      spec.outputs.push_back({"list", "file"});
      set_param(spec, "items", static_cast<std::int64_t>(random_.below(4)));
      lists_.push_back(spec.name);
    }
  }

  void draw_end(StageSpec& spec) {
    if (one_in(8)) {
      // It passes before the budget is used up.
      set_param(spec, "fail", one_in(2) ? "oom" : "error");
      set_param(spec, "fails", 1);
      spec.retry.max_attempts = 3;
      spec.retry.by_cause.clear();
    } else if (one_in(14)) {
      set_param(spec, "fail", "error");
      drawn_.may_fail = true;
    } else if (one_in(8)) {
      WatchdogSpec rule;
      rule.metric = "reward";
      rule.action = one_in(4) ? WatchdogSpec::Action::kStop : WatchdogSpec::Action::kRollBack;
      rule.params = {{"calm", true}};
      if (rule.action == WatchdogSpec::Action::kStop) drawn_.may_fail = true;
      spec.watchdogs.push_back(rule);
      set_param(spec, "steps", 5);
      set_param(spec, "alarm_at", 4);
    }
  }

  void draw_gate(StageSpec& spec) {
    if (one_in(10)) spec.enabled = false;
    if (one_in(8)) {
      spec.approval = "go on?";
      drawn_.rejects = drawn_.rejects || one_in(4);
      drawn_.may_fail = drawn_.may_fail || drawn_.rejects;
    }
    if (stages_.empty()) return;
    const std::string& earlier = stages_[random_.below(stages_.size())].name;
    if (one_in(8)) {
      drawn_.history_matters = true;
      spec.after.push_back(earlier);
      spec.when = one_in(6) ? "stages." + earlier + ".metrics.nothing > 1"
                            : "stages." + earlier + ".status == 'succeeded'";
    } else if (one_in(8) && spec.inputs.empty() && spec.after.empty() && !spec.foreach) {
      drawn_.history_matters = true;
      spec.handles.push_back(earlier);
    }
  }

  RandomStream& random_;
  DrawnWorkflow drawn_;
  std::vector<StageSpec> stages_;
  std::vector<std::string> lists_;
};

}  // namespace

DrawnWorkflow draw_workflow(RandomStream& random) {
  return Drawer(random).draw();
}

}  // namespace cairn::testing
