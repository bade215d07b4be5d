// One RL stage: group rollouts of single-turn answers, one update per batch (RECIPE §3).
#include "core/sdk/plugin.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/trainer/dataset.h"
#include "plugins/lib/trainer/trainer.h"

namespace cairn {
namespace {

using trainer::Trajectory;

class SingleTurn final : public trainer::RolloutSource {
 public:
  SingleTurn(const StageContext& ctx, const trainer::Dataset& dataset,
             const model::Tokenizer& tokenizer, const trainer::RlOptions& options)
      : ctx_(ctx), dataset_(dataset), tokenizer_(tokenizer), options_(options) {}

  Result<std::vector<std::vector<Trajectory>>> roll(
      const model::Qwen3& policy, std::int64_t step,
      const std::vector<std::size_t>& samples) override {
    std::vector<model::SampleGroup> groups;
    for (std::size_t sample : samples) {
      auto& group = groups.emplace_back();
      group.prompt = dataset_.items[sample].prompt;
      for (std::size_t g = 0; g < options_.group_size; ++g) {
        group.seeds.push_back(
            derive_seed(ctx_.seed(), "sample", {static_cast<std::uint64_t>(step), sample, g}));
      }
    }
    model::SamplingOptions sampling;
    sampling.temperature = options_.temperature;
    sampling.top_p = options_.top_p;
    sampling.max_new_tokens = options_.max_output_tokens;
    sampling.stop_ids = tokenizer_.stop_ids();
    CAIRN_ASSIGN(auto completions, model::generate(policy, groups, sampling));

    std::vector<std::vector<Trajectory>> rollouts;
    for (std::size_t p = 0; p < groups.size(); ++p) {
      auto& row = rollouts.emplace_back();
      for (auto& completion : completions[p]) {
        Trajectory trajectory;
        trajectory.response = tokenizer_.decode(completion.ids, true);
        trajectory.overlong = completion.finish == model::FinishReason::kLength;
        trajectory.turns.push_back({groups[p].prompt,
                                    std::move(completion.ids),
                                    {completion.entropies.begin(), completion.entropies.end()}});
        row.push_back(std::move(trajectory));
      }
    }
    return rollouts;
  }

 private:
  const StageContext& ctx_;
  const trainer::Dataset& dataset_;
  const model::Tokenizer& tokenizer_;
  const trainer::RlOptions& options_;
};

struct RlStage : Stage {
  trainer::RlParams params{this};
  Input policy{this, "policy", kind::kModel, "Model to start from"};
  Input dataset{this, "dataset", kind::kQa, "Questions with verifiable answers"};
  Output model{this, "model", kind::kModel, "The trained model"};
  Output rollouts{this, "rollouts", kind::kRollouts, "Every step and every response, with rewards"};

  Result<void> run(StageContext& ctx) override {
    CAIRN_ASSIGN(const auto options, params.resolve());
    CAIRN_ASSIGN(const auto tokenizer, model::Tokenizer::load(policy.path()));
    CAIRN_ASSIGN(const auto data,
                 trainer::load_dataset(dataset.path(), tokenizer, options.max_input_tokens));
    SingleTurn source(ctx, data, tokenizer, options);
    return trainer::run_rl(ctx,
                           {policy.path(), model.path(), rollouts.path(), options, &data, &source});
  }
};

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::RlStage>(
                 "rl_stage", "Reinforcement learning on verifiable answers, one update per batch")
                 .random())
