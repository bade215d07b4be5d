#include "plugins/lib/trainer/rollout_log.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "core/base/boundary.h"
#include "plugins/lib/trainer/rollout_record.h"

namespace cairn::trainer {
namespace {

// Written at once, so that a step of long responses is not held in memory twice.
constexpr std::size_t kFlushBytes = std::size_t{16} << 20;

std::vector<std::string> distinct(std::vector<std::string> names) {
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  return names;
}

Result<std::uint32_t> narrow(std::size_t value, const char* what) {
  if (value > std::numeric_limits<std::uint32_t>::max())
    return invalid_argument(std::string(what) + " of a rollout are more than 2^32");
  return static_cast<std::uint32_t>(value);
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

Result<RolloutLog::Part> RolloutLog::open_part(const StageContext& ctx, const char* name,
                                               const json::object& cuts) {
  const auto* found = cuts.if_contains(name);
  const json::value own = found == nullptr ? json::value(nullptr) : *found;
  CAIRN_ASSIGN(auto log, SegmentedLog::open(ctx, name, own));
  Part part{std::move(log)};
  if (!own.is_array()) return part;
  for (const auto& cut : own.as_array()) {
    CAIRN_ASSIGN(const std::uint64_t bytes, get_uint(cut.as_object(), "bytes"));
    part.size += bytes;
  }
  return part;
}

Result<RolloutLog> RolloutLog::open(StageContext& ctx, const json::value& cuts,
                                    const RolloutContext& context) {
  const bool fresh = cuts.is_null();
  const json::object parts = cuts.is_object() ? cuts.as_object() : json::object();
  CAIRN_ASSIGN(auto steps, open_part(ctx, "steps", parts));
  CAIRN_ASSIGN(auto rollouts, open_part(ctx, "rollouts", parts));
  RolloutLog log(context, std::move(steps), std::move(rollouts));
  log.tasks_ = distinct(context.dataset->tasks());
  if (log.tasks_.size() > std::numeric_limits<std::uint16_t>::max())
    return invalid_argument("the dataset has more than 65535 tasks",
                            "the task of a record is its kind, such as 'multihop'");
  if (!fresh && !parts.contains("columns")) {
    ctx.info("the checkpoint is of a version without rollout columns: none are written");
    return log;
  }
  CAIRN_ASSIGN(log.columns_, open_part(ctx, "columns", parts));
  CAIRN_ASSIGN(log.tokens_, open_part(ctx, "tokens", parts));
  CAIRN_ASSIGN(auto segments, log.columns_->log.cuts());
  const json::object course{{"segments", std::move(segments)}};
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  CAIRN_TRY(real_file_system().write_atomic(ctx.work_dir() / kRolloutSamples, log.sample_lines()));
  CAIRN_TRY(real_file_system().write_atomic(ctx.work_dir() / kRolloutCourse, pretty_json(course)));
  return log;
}

std::string RolloutLog::sample_lines() const {
  std::string lines;
  for (const auto& item : context_.dataset->items)
    lines += json::serialize(to_json(RolloutSample{item.record.id, item.record.task, item.position,
                                                   item.prompt.size()})) +
             "\n";
  return lines;
}

Result<void> RolloutLog::append_lines(Part& part, const std::string& lines) {
  if (lines.empty()) return {};
  CAIRN_TRY(part.log.append_line(std::string_view(lines).substr(0, lines.size() - 1)));
  part.size += lines.size();
  return {};
}

Result<void> RolloutLog::add(const StepRecord& record, std::size_t group, std::size_t index,
                             std::size_t flat, bool with_tokens, Addition& addition) const {
  const std::size_t sample = record.samples[group];
  const Item& item = context_.dataset->items[sample];
  const Trajectory& trajectory = (*record.rollouts)[group][index];
  const Outcome outcome{record.step, index, (*record.rewards)[group][index],
                        record.plan->advantages[flat], record.plan->keep[flat] == 0};
  const json::object line = rollout_line(trajectory, item, outcome, context_.options->thinks);
  const std::string body = json::serialize(line);
  if (columns_) {
    RolloutRow row;
    row.step = record.step;
    row.sample = static_cast<std::uint32_t>(sample);
    row.index = static_cast<std::uint32_t>(index);
    row.task = static_cast<std::uint16_t>(std::ranges::lower_bound(tasks_, item.record.task) -
                                          tasks_.begin());
    row.flags = static_cast<std::uint16_t>(
        (outcome.dropped ? RolloutRow::kDropped : 0) |
        (trajectory.overlong ? RolloutRow::kTruncated : 0) |
        (line.at("answer").is_null() ? RolloutRow::kUnanswered : RolloutRow::kAnswered) |
        (with_tokens ? RolloutRow::kTokens : 0));
    CAIRN_ASSIGN(row.turns, narrow(trajectory.turns.size(), "the turns"));
    CAIRN_ASSIGN(row.prompt_tokens,
                 narrow(line.at("prompt_tokens").to_number<std::size_t>(), "the prompt tokens"));
    CAIRN_ASSIGN(row.tokens, narrow(token_count(trajectory), "the tokens"));
    row.reward = outcome.reward;
    row.advantage = outcome.advantage;
    row.entropy = mean_entropy(trajectory);
    row.body_offset = rollouts_.size + addition.bodies.size();
    CAIRN_ASSIGN(row.body_bytes, narrow(body.size(), "the bytes"));
    row.token_offset = tokens_->size + addition.tokens.size();
    if (with_tokens) {
      CAIRN_ASSIGN(const std::string block,
                   encode_rollout_tokens(
                       token_data(trajectory, record.plan->mask[flat], *context_.tokenizer)));
      row.token_bytes = static_cast<std::uint32_t>(block.size());
      addition.tokens += block;
      addition.tokens += '\n';
    }
    addition.rows += encode_rollout_row(row);
  }
  addition.bodies += body;
  addition.bodies += '\n';
  return {};
}

Result<void> RolloutLog::write(Addition& addition) {
  CAIRN_TRY(append_lines(rollouts_, addition.bodies));
  if (columns_) {
    CAIRN_TRY(append_lines(*tokens_, addition.tokens));
    CAIRN_TRY(append_lines(*columns_, addition.rows));
  }
  addition = {};
  return {};
}

Result<void> RolloutLog::append(const StepRecord& record) {
  const json::object summary = step_summary(record, *context_.dataset);
  CAIRN_TRY(append_lines(steps_, json::serialize(summary) + "\n"));
  std::vector<std::size_t> group_tokens;
  for (const auto& group : *record.rollouts) {
    auto& tokens = group_tokens.emplace_back();
    for (const auto& trajectory : group) tokens += token_count(trajectory);
  }
  const auto recorded = recorded_groups(group_tokens, context_.options->rollout_tokens,
                                        context_.options->rollout_sample_tokens);
  Addition addition;
  std::size_t flat = 0;
  for (std::size_t p = 0; p < record.rollouts->size(); ++p) {
    for (std::size_t g = 0; g < (*record.rollouts)[p].size(); ++g, ++flat) {
      CAIRN_TRY(add(record, p, g, flat, columns_ && recorded[p], addition));
      if (addition.bodies.size() + addition.tokens.size() > kFlushBytes) CAIRN_TRY(write(addition));
    }
  }
  return write(addition);
}

Result<json::value> RolloutLog::cuts() {
  json::object object;
  CAIRN_ASSIGN(object["steps"], steps_.log.cuts());
  CAIRN_ASSIGN(object["rollouts"], rollouts_.log.cuts());
  if (columns_) {
    CAIRN_ASSIGN(object["columns"], columns_->log.cuts());
    CAIRN_ASSIGN(object["tokens"], tokens_->log.cuts());
  }
  return json::value(std::move(object));
}

Result<void> RolloutLog::assemble(const fs::path& folder) {
  CAIRN_TRY(real_file_system().make_directories(folder));
  CAIRN_TRY(steps_.log.assemble(folder / kRolloutSteps));
  CAIRN_TRY(rollouts_.log.assemble(folder / kRolloutBodies));
  if (!columns_) return {};
  CAIRN_TRY(tokens_->log.assemble(folder / kRolloutTokens));
  CAIRN_TRY(columns_->log.assemble(folder / kRolloutColumns));
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  return real_file_system().write_atomic(folder / kRolloutSamples, sample_lines());
}

}  // namespace cairn::trainer
