#include "plugins/eval/summary.h"

#include <algorithm>
#include <map>

#include "core/base/random.h"
#include "plugins/lib/rl/intervals.h"

namespace cairn::eval {
namespace {

json::object with_interval(const char* mean_key, const std::vector<double>& scores,
                           std::uint64_t seed) {
  const auto interval = rl::bootstrap_mean(scores, seed);
  return {{"n", scores.size()},
          {mean_key, interval.mean},
          {"ci95", json::array{interval.low, interval.high}}};
}

double mean_of(const std::vector<ItemResult>& items, double ItemResult::*field) {
  double sum = 0;
  for (const auto& item : items) sum += item.*field;
  return sum / static_cast<double>(items.size());
}

}  // namespace

json::object summarise(const SummaryHead& head, std::vector<ItemResult> items) {
  std::ranges::sort(items, {}, &ItemResult::id);
  std::vector<double> scores;
  std::map<std::string, std::vector<double>> by_task;
  json::array lines;
  double nll = 0;
  std::int64_t reference_tokens = 0;
  for (const auto& item : items) {
    scores.push_back(item.score);
    by_task[item.task].push_back(item.score);
    lines.push_back(json::object{{"id", item.id}, {"task", item.task}, {"score", item.score}});
    nll += item.reference_nll;
    reference_tokens += item.reference_tokens;
  }
  json::object tasks;
  for (const auto& [task, values] : by_task)
    tasks[task] = with_interval("mean", values, derive_seed(head.seed, "interval:" + task));

  json::object summary{{"name", head.name}};
  for (auto& field : with_interval("average", scores, derive_seed(head.seed, "interval")))
    summary[field.key()] = std::move(field.value());
  summary["tasks"] = std::move(tasks);
  summary["well_formed"] = mean_of(items, &ItemResult::well_formed);
  summary["abstentions"] = std::ranges::count_if(items, &ItemResult::abstained);
  summary["seed"] = head.seed;
  summary["mode"] = head.mode;
  summary["samples"] = head.samples;
  summary["too_long"] = std::ranges::count_if(items, &ItemResult::too_long);
  const bool generated = head.mode != kPredictionsMode;
  summary["tokens_mean"] = generated ? json::value(mean_of(items, &ItemResult::tokens)) : nullptr;
  summary["cut"] = generated ? json::value(mean_of(items, &ItemResult::cut)) : nullptr;
  summary["loss"] = reference_tokens == 0
                        ? json::value(nullptr)
                        : json::value(nll / static_cast<double>(reference_tokens));
  summary["loss_tokens"] = reference_tokens;
  summary["items"] = std::move(lines);
  return summary;
}

}  // namespace cairn::eval
