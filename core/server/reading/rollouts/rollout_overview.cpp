#include <algorithm>

#include "core/server/reading/rollouts/rollout_filter.h"

namespace cairn::reading {
namespace {

json::object summary(const StepRows& rows) {
  const auto count = static_cast<double>(rows.count);
  json::object object{{"step", rows.step},
                      {"count", rows.count},
                      {"reward_mean", number_or_null(rows.reward_sum / count)},
                      {"reward_min", number_or_null(rows.reward_min)},
                      {"reward_max", number_or_null(rows.reward_max)},
                      {"tokens_mean", static_cast<double>(rows.tokens) / count}};
  return object;
}

}  // namespace

Result<json::object> rollout_steps(const Rollouts& rollouts, std::size_t most) {
  const RolloutView& view = *rollouts;
  if (most == 0) return invalid_argument("at least one step must be asked for");
  const auto& steps = view.steps();
  const std::size_t joined = (steps.size() + most - 1) / most;
  json::array list;
  for (std::size_t begin = 0; begin < steps.size(); begin += joined) {
    StepRows rows = steps[begin];
    for (std::size_t i = begin + 1; i < std::min(steps.size(), begin + joined); ++i)
      rows.join(steps[i]);
    json::object object = summary(rows);
    object["last_step"] = rows.last_step;
    object["entropy_mean"] =
        rows.entropies == 0 ? json::value(nullptr)
                            : json::value(rows.entropy_sum / static_cast<double>(rows.entropies));
    object["truncated"] = rows.truncated;
    object["dropped"] = rows.dropped;
    list.push_back(std::move(object));
  }
  return json::object{
      {"steps", std::move(list)}, {"rollouts", view.size()}, {"notes", notes_of(view)}};
}

Result<json::object> rollout_sample(const Rollouts& rollouts, const std::string& sample,
                                    std::int64_t from_step, std::size_t limit) {
  const RolloutView& view = *rollouts;
  const auto code = view.samples().find_sample(sample);
  if (!code) return not_found("no rollout is of a sample '" + sample + "'");
  if (limit == 0 || limit > kMostRollouts)
    return invalid_argument("limit is " + std::to_string(limit),
                            "give 1 to " + std::to_string(kMostRollouts) + " steps");
  RolloutFilter wanted;
  wanted.step_min = from_step;
  wanted.sample = sample;
  const RowFilter filter(wanted, view);
  std::vector<StepRows> steps;
  std::vector<json::array> rows;
  std::optional<std::int64_t> next;
  Result<void> added;
  CAIRN_TRY(view.scan(filter.rows().first, filter.rows().second,
                      [&](std::uint64_t number, const RolloutRow& row) {
                        if (!filter.takes(row)) return true;
                        if (steps.size() == limit && row.step != steps.back().step) {
                          next = row.step;
                          return false;
                        }
                        added = add_row(row, number, steps);
                        if (steps.size() > rows.size()) rows.emplace_back();
                        if (rows.back().size() < kMostRollouts) rows.back().emplace_back(number);
                        return added.ok();
                      }));
  CAIRN_TRY(added);
  json::array list;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    json::object object = summary(steps[i]);
    object["rows"] = std::move(rows[i]);
    list.push_back(std::move(object));
  }
  json::object answer{{"sample", view.samples().to_json(*code)}, {"steps", std::move(list)}};
  answer["next_step"] = next ? json::value(*next) : json::value(nullptr);
  return answer;
}

}  // namespace cairn::reading
