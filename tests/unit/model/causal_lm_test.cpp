#include "plugins/lib/model/causal_lm.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"
#include "plugins/lib/model/generate.h"
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

TEST_F(Qwen3Test, OptimizerStateSurvivesExactly) {
  const TempFolder temp;
  const auto train = [&](CausalLm& trained, AdamW& optimizer) {
    trained.require_grad(true);
    trained.zero_grad();
    (-model.score(pack_sequences(plain), 1.0).logprob.mean()).item<double>();
    (-trained.score(pack_sequences(plain), 1.0).logprob.mean()).backward();
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

TEST_F(Qwen3Test, GreedyContinuations) {
  const json::value cases = parse_json(read_text(folder() / "generate.json")).value();
  std::vector<SampleGroup> groups;
  for (const json::value& one : cases.as_array()) groups.push_back({ids_of(one.at("prompt")), {0}});
  SamplingOptions options;
  options.temperature = 0;
  options.max_new_tokens = static_cast<std::int64_t>(cases.at(0).at("generated").as_array().size());
  const auto free = generate(model, groups, options).value();
  for (std::size_t i = 0; i < groups.size(); ++i) {
    EXPECT_EQ(free[i][0].ids, ids_of(cases.at(i).at("generated"))) << i;
    options.stop_ids = {cases.at(i).at("eos_token_id").as_int64()};
    const auto stopped = generate(model, groups, options).value();
    EXPECT_EQ(stopped[i][0].ids, ids_of(cases.at(i).at("generated_with_eos"))) << i;
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
    (copy.score(batch, 0.7).logprob * weights).sum().backward();
    std::map<std::string, at::Tensor> result;
    for (const auto& [name, parameter] : copy.parameters()) {
      result.emplace(name, parameter.grad().clone());
    }
    return result;
  };
  const CausalLm exact = CausalLm::load(folder() / "checkpoint", at::kDouble).value();
  const auto shared = model.score(pack_groups(groups), 0.7);
  const auto separate = exact.score(pack_sequences(apart), 0.7);
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

TEST_F(Qwen3Test, SamplesDependOnTheirSeedsAlone) {
  SamplingOptions options;
  options.temperature = 0.9;
  options.top_p = 0.95;
  options.max_new_tokens = 12;
  const SampleGroup one{{5, 9, 130}, {1, 2, 3}};
  const SampleGroup other{{7, 7, 7, 7, 8}, {4}};
  const auto alone = generate(model, {one}, options).value();
  const auto both = generate(model, {other, one}, options).value();
  options.max_batch_samples = 1;
  const auto in_turns = generate(model, {one, other}, options).value();
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(alone[0][i].ids, both[1][i].ids);
    EXPECT_EQ(alone[0][i].ids, in_turns[0][i].ids);
  }
  EXPECT_NE(alone[0][0].ids, alone[0][1].ids);
  // What generation reports is what training computes.
  const PackedBatch batch = pack_groups(std::vector<TokenGroup>{{one.prompt, {alone[0][0].ids}}});
  const TokenScores scores = model.score(batch, options.temperature);
  for (std::size_t t = 0; t < alone[0][0].ids.size(); ++t) {
    const auto row = static_cast<std::int64_t>(t);
    EXPECT_NEAR(scores.logprob[row].item<double>(), alone[0][0].logprobs[t], 1e-4);
    EXPECT_NEAR(scores.entropy[row].item<double>(), alone[0][0].entropies[t], 1e-4);
  }
}

// The frequency of each first token is its probability; with top_p only the likeliest are drawn.
TEST_F(Qwen3Test, SamplesFollowTheDistribution) {
  const std::vector<std::int64_t> prompt = {5, 9, 130};
  SampleGroup group{prompt, {}};
  for (std::uint64_t i = 0; i < 4000; ++i) group.seeds.push_back(derive_seed(1, "test", {i}));
  PackedBatch batch;
  batch.tokens = prompt;
  batch.segments = {{0, 3, -1}};
  const at::Tensor p = at::softmax(model.logits(batch)[2] / 0.5, -1);
  SamplingOptions options;
  options.temperature = 0.5;
  options.max_new_tokens = 1;
  const auto drawn = generate(model, {group}, options).value()[0];
  at::Tensor counts = at::zeros({400});
  for (const Completion& completion : drawn) counts[completion.ids[0]] += 1;
  EXPECT_LT((counts / 4000 - p).abs().max().item<double>(), 0.03);
  options.top_p = 0.3;
  const auto [sorted, order] = p.sort(0, true);
  double mass = 0;
  std::int64_t kept = 0;
  while (mass < options.top_p) mass += sorted[kept++].item<double>();
  const auto likely = generate(model, {group}, options).value();
  for (const Completion& completion : likely[0]) {
    EXPECT_TRUE((order.slice(0, 0, kept) == completion.ids[0]).any().item<bool>());
  }
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
