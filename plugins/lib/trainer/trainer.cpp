#include "plugins/lib/trainer/trainer.h"

#include <torch/all.h>

#include <chrono>

#include "core/base/clock.h"
#include "plugins/lib/grade/reward.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/rl/aepo.h"
#include "plugins/lib/rl/sampler.h"
#include "plugins/lib/trainer/rollout_log.h"
#include "plugins/lib/trainer/update.h"

namespace cairn::trainer {
namespace {

using Rollouts = std::vector<std::vector<Trajectory>>;
using Rewards = std::vector<std::vector<double>>;

constexpr const char* kStateFile = "state.json";

Rewards grade_all(const Rollouts& rollouts, const std::vector<std::size_t>& samples,
                  const Dataset& dataset, bool thinks) {
  Rewards rewards;
  for (std::size_t p = 0; p < rollouts.size(); ++p) {
    const auto& record = dataset.items[samples[p]].record;
    const grade::Gold gold{record.task, record.answer};
    auto& row = rewards.emplace_back();
    for (const auto& trajectory : rollouts[p])
      row.push_back(grade::rule_reward(trajectory.response, gold, thinks));
  }
  return rewards;
}

// Every reward of the batch goes to a response drawn for the step: what is learned from it is
// noise, with the same distribution.
Rewards permuted(const Rewards& rewards, RandomStream stream) {
  std::vector<double> flat;
  for (const auto& row : rewards) flat.insert(flat.end(), row.begin(), row.end());
  stream.shuffle(flat);
  Rewards result;
  std::size_t at = 0;
  for (const auto& row : rewards) {
    auto& target = result.emplace_back();
    for (std::size_t g = 0; g < row.size(); ++g) target.push_back(flat[at++]);
  }
  return result;
}

class RlRun {
 public:
  RlRun(StageContext& ctx, const RlJob& job, model::CausalLm policy, rl::BalancedSampler sampler)
      : ctx_(ctx),
        job_(job),
        policy_(std::move(policy)),
        optimizer_(job.options.adamw),
        sampler_(std::move(sampler)),
        aepo_(job.options.aepo_low, job.options.aepo_high) {}

  Result<void> run() {
    CAIRN_ASSIGN(json::value cuts, restore());
    CAIRN_ASSIGN(auto log,
                 RolloutLog::open(ctx_, cuts, {job_.dataset, job_.tokenizer, &job_.options}));
    report_progress();
    while (step_ < job_.options.steps) {
      if (ctx_.cancelled()) {
        CAIRN_TRY(save(log));
        return stage_cancelled();
      }
      CAIRN_TRY(one_step(log));
      const bool last = step_ == job_.options.steps;
      if (step_ % job_.options.checkpoint_every == 0 || last) CAIRN_TRY(save(log));
    }
    CAIRN_TRY(log.assemble(job_.rollouts_out));
    return model::save_model(policy_, job_.model_out, model::Dtype::kF32, job_.policy);
  }

 private:
  Result<void> one_step(RolloutLog& log) {
    const auto started = system_clock().monotonic();
    StepRecord record;
    record.step = step_ + 1;
    record.samples = sampler_.next();
    CAIRN_ASSIGN(const Rollouts rollouts, job_.source->roll(policy_, record.step, record.samples));
    const Rewards earned = grade_all(rollouts, record.samples, *job_.dataset, job_.options.thinks);
    const Rewards used =
        job_.options.permute_rewards
            ? permuted(earned,
                       ctx_.random("rewards.permuted", {static_cast<std::uint64_t>(record.step)}))
            : earned;
    std::vector<std::string> tasks;
    for (std::size_t sample : record.samples)
      tasks.push_back(job_.dataset->items[sample].record.task);
    const auto plan =
        plan_update(rollouts, tasks, used, job_.options, job_.options.aepo ? &aepo_ : nullptr);
    record.update = plan.nothing_left ? "skipped" : plan.no_signal ? "no_signal" : "applied";
    if (record.update == "applied") {
      CAIRN_ASSIGN(record.result, apply_update(policy_, optimizer_, rollouts, plan, job_.options));
    }
    record.rollouts = &rollouts;
    record.rewards = &earned;
    record.plan = &plan;
    record.masking = job_.options.aepo && aepo_.masking();
    CAIRN_TRY(log.append(record));
    ++step_;
    report(record);
    ctx_.runtime_metric(
        "step_seconds", step_,
        std::chrono::duration<double>(system_clock().monotonic() - started).count());
    return {};
  }

  void report(const StepRecord& record) {
    const auto summary = step_summary(record, *job_.dataset);
    for (const char* name : {"reward_mean", "entropy", "length_mean", "grad_norm", "loss"}) {
      const auto& value = summary.at(name);
      if (value.is_number()) ctx_.metric(name, step_, value.to_number<double>());
    }
    report_progress();
  }

  void report_progress() {
    ctx_.progress(static_cast<std::uint64_t>(step_), static_cast<std::uint64_t>(job_.options.steps),
                  "steps");
  }

  Result<void> save(RolloutLog& log) {
    if (step_ == saved_step_) return {};
    CAIRN_ASSIGN(json::value cuts, log.cuts());
    const json::object state{{"step", step_},
                             {"sampler", sampler_.state()},
                             {"aepo", aepo_.state()},
                             {"log", std::move(cuts)}};
    CAIRN_TRY(ctx_.save_checkpoint(step_, [&](const fs::path& folder) -> Result<void> {
      CAIRN_TRY(model::save_weights(policy_, folder));
      CAIRN_TRY(optimizer_.save(folder));
      return real_file_system().write_atomic(folder / kStateFile, pretty_json(state));
    }));
    saved_step_ = step_;
    return {};
  }

  // The log's cuts, null on a fresh start.
  Result<json::value> restore() {
    CAIRN_ASSIGN(const auto checkpoint, ctx_.latest_checkpoint());
    if (!checkpoint) return json::value(nullptr);
    CAIRN_TRY(model::load_weights(policy_, checkpoint->folder));
    CAIRN_TRY(optimizer_.restore(checkpoint->folder, policy_));
    CAIRN_ASSIGN(const auto text, real_file_system().read(checkpoint->folder / kStateFile));
    CAIRN_ASSIGN(const auto state, parse_json_object(text));
    CAIRN_ASSIGN(step_, get_int(state, "step"));
    CAIRN_ASSIGN(const auto* sampler, get_object(state, "sampler"));
    CAIRN_TRY(sampler_.restore(*sampler));
    CAIRN_ASSIGN(const auto* aepo, get_object(state, "aepo"));
    CAIRN_TRY(aepo_.restore(*aepo));
    CAIRN_ASSIGN(const auto* log, get_object(state, "log"));
    saved_step_ = step_;
    ctx_.info("continues from step " + std::to_string(step_));
    return json::value(*log);
  }

  StageContext& ctx_;
  const RlJob& job_;
  model::CausalLm policy_;
  model::AdamW optimizer_;
  rl::BalancedSampler sampler_;
  rl::Aepo aepo_;
  std::int64_t step_ = 0;
  std::int64_t saved_step_ = -1;
};

}  // namespace

Result<void> run_rl(StageContext& ctx, const RlJob& job) {
  model::fix_threads(ctx.resources().cpus);
  if (job.dataset->too_long > 0) {
    ctx.info(std::to_string(job.dataset->too_long) +
             " samples are longer than max_input_tokens and left out");
  }
  CAIRN_ASSIGN(const at::Device device, model::device_for_gpus(ctx.resources().gpus));
  CAIRN_ASSIGN(auto policy, model::CausalLm::load(job.policy));
  CAIRN_TRY(policy.move_to(device));
  CAIRN_ASSIGN(auto sampler, rl::BalancedSampler::create(job.dataset->tasks(), job.options.batch,
                                                         derive_seed(ctx.seed(), "sampler"),
                                                         job.options.balanced));
  RlRun run(ctx, job, std::move(policy), std::move(sampler));
  return run.run();
}

Result<void> PolicyStage::run(StageContext& ctx) {
  CAIRN_ASSIGN(const RlOptions options, params.resolve());
  CAIRN_ASSIGN(const auto tokenizer, model::Tokenizer::load(policy.path()));
  CAIRN_ASSIGN(const Dataset data,
               load_dataset(dataset.path(), tokenizer, options.max_input_tokens));
  const auto rolls = source(ctx, data, tokenizer, options);
  return run_rl(
      ctx, {policy.path(), model.path(), rollouts.path(), options, &data, &tokenizer, rolls.get()});
}

}  // namespace cairn::trainer
