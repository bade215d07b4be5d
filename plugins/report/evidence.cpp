#include "plugins/report/evidence.h"

#include <algorithm>
#include <cmath>

#include "core/base/json.h"
#include "plugins/lib/text/records.h"

namespace cairn::report {
namespace {

// How far a printed average may be from the mean of its items.
constexpr double kSameMean = 1e-6;

Result<double> finite(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const double value, get_double(object, key));
  if (!std::isfinite(value)) return invalid_argument("'" + std::string(key) + "' is not finite");
  return value;
}

Result<void> read_interval(const json::object& object, Score& score) {
  CAIRN_ASSIGN(const auto* bounds, get_array(object, "ci95"));
  if (bounds->size() != 2 || !(*bounds)[0].is_number() || !(*bounds)[1].is_number())
    return invalid_argument("'ci95' should be two numbers, [low, high]");
  score.low = (*bounds)[0].to_number<double>();
  score.high = (*bounds)[1].to_number<double>();
  if (!(score.low <= score.high)) return invalid_argument("'ci95' has its bounds the wrong way");
  return {};
}

Result<Score> read_score(const json::object& object, std::string_view mean_key) {
  Score score;
  CAIRN_ASSIGN(score.n, get_int(object, "n"));
  CAIRN_ASSIGN(score.mean, finite(object, mean_key));
  CAIRN_TRY(read_interval(object, score));
  return score;
}

Result<std::vector<Item>> read_items(const json::object& object) {
  CAIRN_ASSIGN(const auto* list, get_array(object, "items"));
  std::vector<Item> items;
  for (const auto& entry : *list) {
    const auto* fields = entry.if_object();
    if (fields == nullptr) return invalid_argument("'items' holds something that is no object");
    Item item;
    CAIRN_ASSIGN(item.id, get_string(*fields, "id"));
    CAIRN_ASSIGN(item.task, get_string(*fields, "task"));
    CAIRN_ASSIGN(item.score, finite(*fields, "score"));
    items.push_back(std::move(item));
  }
  std::ranges::sort(items, {}, &Item::id);
  const auto twice = std::ranges::adjacent_find(items, {}, &Item::id);
  if (twice != items.end()) return invalid_argument("item '" + twice->id + "' stands there twice");
  return items;
}

Result<void> check_consistent(const Evaluation& evaluation) {
  const auto n = static_cast<std::int64_t>(evaluation.items.size());
  if (n == 0) return invalid_argument("'items' is empty: nothing was evaluated");
  if (evaluation.average.n != n)
    return invalid_argument("'n' is " + std::to_string(evaluation.average.n) + ", but there are " +
                            std::to_string(n) + " items");
  double sum = 0;
  for (const auto& item : evaluation.items) sum += item.score;
  const double mean = sum / static_cast<double>(n);
  if (std::abs(mean - evaluation.average.mean) > kSameMean)
    return invalid_argument("'average' is " + std::to_string(evaluation.average.mean) +
                            ", but the mean of its items is " + std::to_string(mean));
  return {};
}

Result<Update> update_from(const std::string& name) {
  if (name == "applied") return Update::kApplied;
  if (name == "skipped") return Update::kSkipped;
  if (name == "no_signal") return Update::kNoSignal;
  return invalid_argument("'update' is \"" + name + "\", not applied, skipped or no_signal");
}

Result<Step> step_from(const json::object& object) {
  Step step;
  CAIRN_ASSIGN(step.step, get_int(object, "step"));
  CAIRN_ASSIGN(step.reward, finite(object, "reward_mean"));
  CAIRN_ASSIGN(step.entropy, finite(object, "entropy"));
  CAIRN_ASSIGN(step.length, finite(object, "length_mean"));
  CAIRN_ASSIGN(step.overlong, finite(object, "overlong"));
  CAIRN_ASSIGN(step.masking, get_bool(object, "masking"));
  CAIRN_ASSIGN(const auto update, get_string(object, "update"));
  CAIRN_ASSIGN(step.update, update_from(update));
  return step;
}

}  // namespace

Result<Evaluation> evaluation_from_text(std::string_view text) {
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  Evaluation evaluation;
  CAIRN_ASSIGN(evaluation.name, get_string(object, "name"));
  CAIRN_ASSIGN(evaluation.average, read_score(object, "average"));
  CAIRN_ASSIGN(const auto* tasks, get_object(object, "tasks"));
  for (const auto& [task, value] : *tasks) {
    const auto* fields = value.if_object();
    if (fields == nullptr) return invalid_argument("task '" + std::string(task) + "' is no object");
    auto score = read_score(*fields, "mean");
    if (!score.ok())
      return with_context(std::move(score).error(), "task '" + std::string(task) + "'");
    evaluation.tasks.emplace(task, *score);
  }
  CAIRN_ASSIGN(evaluation.well_formed, finite(object, "well_formed"));
  CAIRN_ASSIGN(evaluation.abstentions, get_int(object, "abstentions"));
  CAIRN_ASSIGN(evaluation.items, read_items(object));
  CAIRN_TRY(check_consistent(evaluation));
  return evaluation;
}

Result<Evaluation> read_evaluation(const fs::path& file) {
  CAIRN_ASSIGN(const std::string text, real_file_system().read(file));
  auto evaluation = evaluation_from_text(text);
  if (!evaluation.ok())
    return with_context(std::move(evaluation).error(), "summary " + file.filename().string());
  return evaluation;
}

Result<Training> read_training(const fs::path& folder) {
  Training training;
  CAIRN_TRY(text::read_json_lines(
      folder / "steps.jsonl", [&](const json::object& object) -> Result<void> {
        CAIRN_ASSIGN(Step step, step_from(object));
        if (!training.steps.empty() && step.step <= training.steps.back().step)
          return invalid_argument("step " + std::to_string(step.step) + " does not follow step " +
                                  std::to_string(training.steps.back().step));
        training.steps.push_back(step);
        return {};
      }));
  return training;
}

}  // namespace cairn::report
