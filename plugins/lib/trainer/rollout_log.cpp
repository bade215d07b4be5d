#include "plugins/lib/trainer/rollout_log.h"

#include <cmath>
#include <map>

namespace cairn::trainer {
namespace {

std::size_t token_count(const Trajectory& trajectory) {
  std::size_t count = 0;
  for (const auto& turn : trajectory.turns) count += turn.tokens.size();
  return count;
}

double mean_entropy(const Trajectory& trajectory) {
  double sum = 0;
  for (const auto& turn : trajectory.turns)
    for (double entropy : turn.entropies) sum += entropy;
  const std::size_t count = token_count(trajectory);
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

// Not a number or infinite has no place in JSON; null says that there is none.
json::value finite(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

}  // namespace

json::object step_summary(const StepRecord& record, const Dataset& dataset) {
  double sum = 0;
  double squares = 0;
  double tokens = 0;
  double overlong = 0;
  double count = 0;
  std::map<std::string, std::pair<double, double>> by_task;
  for (std::size_t p = 0; p < record.rollouts->size(); ++p) {
    auto& task = by_task[dataset.items[record.samples[p]].record.task];
    for (std::size_t g = 0; g < (*record.rollouts)[p].size(); ++g) {
      const auto& trajectory = (*record.rollouts)[p][g];
      const double reward = (*record.rewards)[p][g];
      sum += reward;
      squares += reward * reward;
      tokens += static_cast<double>(token_count(trajectory));
      overlong += trajectory.overlong ? 1 : 0;
      count += 1;
      task.first += reward;
      task.second += 1;
    }
  }
  const double mean = sum / count;
  json::object tasks;
  for (const auto& [name, totals] : by_task) tasks[name] = totals.first / totals.second;
  return {{"step", record.step},
          {"reward_mean", mean},
          {"reward_std", std::sqrt(std::max(0.0, squares / count - mean * mean))},
          {"entropy", finite(record.plan->entropy)},
          {"entropy_token", finite(record.plan->entropy_token)},
          {"length_mean", tokens / count},
          {"overlong", overlong / count},
          {"masked_tokens", record.plan->masked_tokens},
          {"masking", record.masking},
          {"update", record.update},
          {"grad_norm", finite(record.result.grad_norm)},
          {"loss", finite(record.result.loss)},
          {"by_task", std::move(tasks)}};
}

Result<RolloutLog> RolloutLog::open(const StageContext& ctx, const json::value& cuts) {
  json::value steps;
  json::value rollouts;
  if (const auto* object = cuts.if_object()) {
    if (const auto* value = object->if_contains("steps")) steps = *value;
    if (const auto* value = object->if_contains("rollouts")) rollouts = *value;
  }
  CAIRN_ASSIGN(auto steps_log, SegmentedLog::open(ctx, "steps", steps));
  CAIRN_ASSIGN(auto rollouts_log, SegmentedLog::open(ctx, "rollouts", rollouts));
  return RolloutLog(std::move(steps_log), std::move(rollouts_log));
}

Result<void> RolloutLog::append(const StepRecord& record, const Dataset& dataset) {
  CAIRN_TRY(steps_.append_line(json::serialize(step_summary(record, dataset))));
  std::size_t flat = 0;
  for (std::size_t p = 0; p < record.rollouts->size(); ++p) {
    const auto& item = dataset.items[record.samples[p]];
    for (std::size_t g = 0; g < (*record.rollouts)[p].size(); ++g, ++flat) {
      const auto& trajectory = (*record.rollouts)[p][g];
      CAIRN_TRY(rollouts_.append_line(
          json::serialize(json::object{{"step", record.step},
                                       {"id", item.record.id},
                                       {"task", item.record.task},
                                       {"index", g},
                                       {"response", trajectory.response},
                                       {"reward", (*record.rewards)[p][g]},
                                       {"advantage", record.plan->advantages[flat]},
                                       {"entropy", finite(mean_entropy(trajectory))},
                                       {"tokens", token_count(trajectory)},
                                       {"dropped", record.plan->keep[flat] == 0}})));
    }
  }
  return {};
}

Result<json::value> RolloutLog::cuts() {
  CAIRN_ASSIGN(auto steps, steps_.cuts());
  CAIRN_ASSIGN(auto rollouts, rollouts_.cuts());
  return json::value(json::object{{"steps", std::move(steps)}, {"rollouts", std::move(rollouts)}});
}

Result<void> RolloutLog::assemble(const fs::path& folder) {
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_TRY(steps_.assemble(folder / "steps.jsonl"));
  return rollouts_.assemble(folder / "rollouts.jsonl");
}

}  // namespace cairn::trainer
