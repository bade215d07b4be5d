#include "plugins/lib/trainer/update.h"

#include <torch/all.h>

#include <algorithm>
#include <map>

#include "plugins/lib/model/packed.h"

namespace cairn::trainer {
namespace {

// Responses that continue one prompt, with the weights of their tokens.
struct PromptWork {
  model::TokenGroup group;
  std::vector<double> weights;  // response by response, as pack_groups orders predictions
  std::int64_t rows = 0;
};

// Turns whose tokens all have weight 0 are left out: they add nothing to the gradient.
std::vector<PromptWork> gather_work(const std::vector<std::vector<Trajectory>>& rollouts,
                                    const UpdatePlan& plan) {
  std::vector<PromptWork> work;
  std::map<std::vector<std::int64_t>, std::size_t> by_prompt;
  std::size_t response = 0;
  for (const auto& group : rollouts) {
    for (const auto& trajectory : group) {
      const auto& weights = plan.weights[response++];
      std::size_t at = 0;
      for (const auto& turn : trajectory.turns) {
        const auto first = weights.begin() + static_cast<std::ptrdiff_t>(at);
        const auto last = first + static_cast<std::ptrdiff_t>(turn.tokens.size());
        at += turn.tokens.size();
        if (std::all_of(first, last, [](double weight) { return weight == 0; })) continue;
        const auto [entry, fresh] = by_prompt.try_emplace(turn.prompt, work.size());
        if (fresh) {
          work.push_back({.group = {turn.prompt, {}}, .weights = {}, .rows = 0});
          work.back().rows = static_cast<std::int64_t>(turn.prompt.size());
        }
        auto& target = work[entry->second];
        target.group.responses.push_back(turn.tokens);
        target.weights.insert(target.weights.end(), first, last);
        target.rows += static_cast<std::int64_t>(turn.tokens.size());
      }
    }
  }
  return work;
}

}  // namespace

UpdatePlan plan_update(const std::vector<std::vector<Trajectory>>& rollouts,
                       const std::vector<std::string>& tasks,
                       const std::vector<std::vector<double>>& rewards, const RlOptions& options,
                       rl::Aepo* aepo) {
  UpdatePlan plan;
  std::vector<rl::PromptRewards> batch;
  for (std::size_t p = 0; p < rollouts.size(); ++p) batch.push_back({tasks[p], rewards[p]});
  for (const auto& row : rl::advantages(batch, options.advantage))
    plan.advantages.insert(plan.advantages.end(), row.begin(), row.end());

  rl::Entropies entropies;
  rl::LossBatch loss;
  for (std::size_t p = 0; p < rollouts.size(); ++p) {
    for (const auto& trajectory : rollouts[p]) {
      auto& tokens = entropies.emplace_back();
      for (const auto& turn : trajectory.turns)
        tokens.insert(tokens.end(), turn.entropies.begin(), turn.entropies.end());
      loss.group.push_back(p);
    }
  }
  plan.entropy = rl::batch_entropy(entropies);
  plan.entropy_token = rl::token_entropy(entropies);

  loss.advantages = plan.advantages;
  loss.keep = aepo != nullptr ? aepo->step(plan.entropy, plan.advantages)
                              : std::vector<std::uint8_t>(plan.advantages.size(), 1);
  if (options.mask) {
    loss.mask = rl::entropy_mask(entropies, plan.advantages, *options.mask);
  } else {
    for (const auto& tokens : entropies) loss.mask.emplace_back(tokens.size(), std::uint8_t{1});
  }
  std::size_t tokens = 0;
  std::size_t masked = 0;
  for (const auto& row : loss.mask) {
    tokens += row.size();
    masked += static_cast<std::size_t>(std::ranges::count(row, std::uint8_t{0}));
  }
  if (tokens > 0) plan.masked_tokens = static_cast<double>(masked) / static_cast<double>(tokens);
  plan.keep = loss.keep;
  plan.nothing_left = std::ranges::count(loss.keep, std::uint8_t{1}) == 0;
  plan.weights = rl::loss_weights(loss, options.loss);
  plan.mask = std::move(loss.mask);
  plan.no_signal = !plan.nothing_left && !rl::has_signal(plan.weights);
  return plan;
}

Result<double> accumulate_gradient(model::CausalLm& policy,
                                   const std::vector<std::vector<Trajectory>>& rollouts,
                                   const UpdatePlan& plan, const RlOptions& options) {
  const auto work = gather_work(rollouts, plan);
  double loss = 0;
  for (std::size_t begin = 0; begin < work.size();) {
    std::vector<model::TokenGroup> groups;
    std::vector<float> weights;
    std::int64_t rows = 0;
    std::size_t end = begin;
    while (end < work.size() &&
           (end == begin || rows + work[end].rows <= options.micro_batch_tokens)) {
      groups.push_back(work[end].group);
      // rho has the value 1 and the gradient of the log-probability.
      for (double weight : work[end].weights) {
        weights.push_back(static_cast<float>(weight));
        loss += weight;
      }
      rows += work[end].rows;
      ++end;
    }
    begin = end;
    CAIRN_ASSIGN(const auto scores,
                 policy.score(model::pack_groups(groups), {.temperature = options.temperature}));
    const auto weight = torch::tensor(weights, torch::kFloat).to(scores.logprob.device());
    (weight * scores.logprob).sum().backward();
  }
  return loss;
}

Result<UpdateResult> apply_update(model::CausalLm& policy, model::AdamW& optimizer,
                                  const std::vector<std::vector<Trajectory>>& rollouts,
                                  const UpdatePlan& plan, const RlOptions& options) {
  policy.require_grad(true);
  policy.zero_grad();
  UpdateResult result;
  CAIRN_ASSIGN(result.loss, accumulate_gradient(policy, rollouts, plan, options));
  result.grad_norm = options.grad_clip > 0 ? model::clip_grad_norm(policy, options.grad_clip)
                                           : model::grad_norm(policy);
  optimizer.step(policy, options.learning_rate);
  policy.zero_grad();
  policy.require_grad(false);
  return result;
}

}  // namespace cairn::trainer
