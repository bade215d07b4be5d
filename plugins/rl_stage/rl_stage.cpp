// One RL stage: group rollouts of single-turn answers, one update per batch (RECIPE §3).
#include "core/sdk/plugin.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/self_test/policy.h"
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
      const model::CausalLm& policy, std::int64_t step,
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
    CAIRN_ASSIGN(auto generated,
                 model::generate(policy, groups, trainer::sampling_of(options_, tokenizer_)));

    std::vector<std::vector<Trajectory>> rollouts;
    for (std::size_t p = 0; p < groups.size(); ++p) {
      auto& row = rollouts.emplace_back();
      for (auto& completion : generated.completions[p]) {
        Trajectory trajectory;
        trajectory.response = tokenizer_.decode(completion.ids, true);
        trajectory.overlong = completion.finish == model::FinishReason::kLength;
        trajectory.turns.push_back(trainer::turn_of(groups[p].prompt, std::move(completion)));
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

struct RlStage : trainer::PolicyStage {
  [[nodiscard]] std::unique_ptr<trainer::RolloutSource> source(
      const StageContext& ctx, const trainer::Dataset& data, const model::Tokenizer& tokenizer,
      const trainer::RlOptions& options) const override {
    return std::make_unique<SingleTurn>(ctx, data, tokenizer, options);
  }
};

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::RlStage>(
                 "rl_stage", "Reinforcement learning on verifiable answers, one update per batch")
                 .revision(2)
                 .random()
                 .self_test(cairn::self_test::prepare_rl))
