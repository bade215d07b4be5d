#include "plugins/lib/model/causal_lm.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>

#include "core/base/random.h"
#include "plugins/lib/model/optimizer.h"
#include "tests/unit/model/torch_fixtures.h"

namespace cairn::model {
namespace {

fs::path folder() {
  return fixtures() / "qwen3-dense";
}

struct Qwen3Test : testing::Test {
  Qwen3Test()
      : io(SafetensorsFile::open(folder() / "io.safetensors").value()),
        model(CausalLm::load(folder() / "checkpoint").value()),
        plain(rows_of(tensor_of(io, "plain.input_ids"))) {
    fix_threads(2);
  }
  SafetensorsFile io;
  CausalLm model;
  std::vector<TokenSequence> plain;
};

// LibTorch's loops are templates, and without OpenMP where they are compiled they run on one
// thread.
TEST_F(Qwen3Test, LoopsShareTheirWorkBetweenThreads) {
  std::array<int, 2> thread{-1, -1};
  at::parallel_for(0, 2, 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      thread[static_cast<std::size_t>(i)] = at::get_thread_num();
    }
  });
  EXPECT_EQ(thread, (std::array<int, 2>{0, 1}));
}

TEST_F(Qwen3Test, OptimizerStateSurvivesExactly) {
  const TempFolder temp;
  const auto train = [&](CausalLm& trained, AdamW& optimizer) {
    trained.require_grad(true);
    trained.zero_grad();
    (-model.score(pack_sequences(plain)).value().logprob.mean()).item<double>();
    (-trained.score(pack_sequences(plain)).value().logprob.mean()).backward();
    optimizer.step(trained, 1e-3);
  };
  CausalLm straight = CausalLm::load(folder() / "checkpoint").value();
  AdamW first({});
  train(straight, first);
  ASSERT_TRUE(save_weights(straight, temp.path()).ok());
  ASSERT_TRUE(first.save(temp.path()).ok());
  train(straight, first);
  CausalLm resumed = CausalLm::load(folder() / "checkpoint").value();
  AdamW second({});
  ASSERT_TRUE(load_weights(resumed, temp.path()).ok());
  ASSERT_TRUE(second.restore(temp.path(), resumed).ok());
  EXPECT_EQ(second.steps(), 1);
  train(resumed, second);
  for (const auto& [name, parameter] : straight.parameters()) {
    EXPECT_TRUE(at::equal(parameter, resumed.parameters().at(name))) << name;
  }
}

// Three responses that share their prompt, against each with a prompt of its own; and the kernels
// against plain LibTorch operations in float64.
TEST_F(Qwen3Test, SharedPromptGivesTheSameScoresAndGradients) {
  const std::vector<TokenGroup> groups = {
      {{5, 9, 130, 7, 7, 21}, {{44, 3}, {8}, {17, 300, 12, 9, 2}}},
      {{77, 1, 399}, {{10, 11, 12}, {}, {350}}},
  };
  std::vector<TokenSequence> apart;
  for (const TokenGroup& group : groups) {
    for (const auto& response : group.responses) {
      TokenSequence sequence{group.prompt, static_cast<std::int64_t>(group.prompt.size())};
      sequence.tokens.insert(sequence.tokens.end(), response.begin(), response.end());
      apart.push_back(sequence);
    }
  }
  const at::Tensor weights = at::arange(1, 13, at::kFloat) / 10 - 0.5;
  const auto gradients = [&](const CausalLm& trained, const PackedBatch& batch) {
    CausalLm copy = trained;
    copy.require_grad(true);
    copy.zero_grad();
    (copy.score(batch, {.temperature = 0.7}).value().logprob * weights).sum().backward();
    std::map<std::string, at::Tensor> result;
    for (const auto& [name, parameter] : copy.parameters()) {
      result.emplace(name, parameter.grad().clone());
    }
    return result;
  };
  const CausalLm exact = CausalLm::load(folder() / "checkpoint", at::kDouble).value();
  const auto shared = model.score(pack_groups(groups), {.temperature = 0.7}).value();
  const auto separate = exact.score(pack_sequences(apart), {.temperature = 0.7}).value();
  EXPECT_LT(distance(shared.logprob, separate.logprob), 5e-5);
  EXPECT_LT(distance(shared.entropy, separate.entropy), 5e-5);
  EXPECT_LT(distance(shared.sum_squares, separate.sum_squares), 5e-5);
  const auto from_groups = gradients(model, pack_groups(groups));
  const auto from_plain = gradients(exact, pack_groups(groups));
  const auto from_apart = gradients(exact, pack_sequences(apart));
  for (const auto& [name, gradient] : from_apart) {
    const double tolerance = 1e-6 + 1e-4 * gradient.abs().max().item<double>();
    EXPECT_LT(distance(from_groups.at(name), gradient), tolerance) << name;
    EXPECT_LT(distance(from_plain.at(name), gradient), tolerance) << name;
  }
}

// A long segment is attended to in several blocks.
TEST_F(Qwen3Test, BlocksOfLongSequences) {
  PackedBatch batch;
  for (std::int64_t i = 0; i < 1500; ++i) batch.tokens.push_back(i * 7 % 400);
  batch.segments = {{0, 900, -1}, {900, 1500, 0}};
  const CausalLm exact = CausalLm::load(folder() / "checkpoint", at::kDouble).value();
  at::NoGradGuard no_grad;
  EXPECT_LT(distance(model.hidden(batch), exact.hidden(batch)), 2e-4);
}

TEST_F(Qwen3Test, FoldersRoundTrip) {
  const TempFolder temp;
  ModelConfig config = model.config();
  config.tied = true;
  const CausalLm fresh = CausalLm::init(config, 7).value();
  ASSERT_TRUE(save_model(fresh, temp.path() / "a", Dtype::kF32, fixtures() / "tokenizer").ok());
  const auto back = CausalLm::load(temp.path() / "a");
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  const CausalLm again = CausalLm::init(config, 7).value();
  for (const auto& [name, parameter] : again.parameters()) {
    EXPECT_TRUE(at::equal(parameter, back->parameters().at(name))) << name;
  }
  EXPECT_EQ(back->parameters().count("lm_head.weight"), 0U);
  EXPECT_EQ(back->config().eos_ids, config.eos_ids);
}

}  // namespace
}  // namespace cairn::model
