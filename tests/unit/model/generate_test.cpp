// What generation computes: parity with the reference, and independence of the batch.
#include "plugins/lib/model/generate.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "tests/unit/model/generation_model.h"

namespace cairn::model {
namespace {

// Log-probabilities of one request in different batches, in float32.
constexpr double kTolerance = 1e-4;

// Every folder of fixtures with a checkpoint and generate.json.
struct GreedyTest : testing::TestWithParam<std::string> {
  void expect_reference(const CausalLm& model, const EngineOptions& options) const {
    const fs::path folder = fixtures() / GetParam();
    const json::value cases = parse_json(read_text(folder / "generate.json")).value();
    std::vector<Request> requests;
    for (const json::value& one : cases.as_array()) {
      Request request{ids_of(one.at("prompt")), {0}, {}};
      request.sampling.temperature = 0;
      request.sampling.max_new_tokens =
          static_cast<std::int64_t>(one.at("generated").as_array().size());
      requests.push_back(request);
      request.sampling.stop_ids = {one.at("eos_token_id").as_int64()};
      requests.push_back(request);
    }
    const auto generated = generate(model, requests, options);
    ASSERT_TRUE(generated.ok()) << generated.error().to_string();
    for (std::size_t i = 0; i < cases.as_array().size(); ++i) {
      EXPECT_EQ(generated->completions[2 * i][0].ids, ids_of(cases.at(i).at("generated"))) << i;
      const Completion& stopped = generated->completions[2 * i + 1][0];
      EXPECT_EQ(stopped.ids, ids_of(cases.at(i).at("generated_with_eos"))) << i;
    }
  }
};

TEST_P(GreedyTest, ContinuesLikeTheReference) {
  const GenerationModel fixture(GetParam());
  expect_reference(fixture.model, {});
}

TEST_P(GreedyTest, ContinuesLikeTheReferenceInAnyBatch) {
  const GenerationModel fixture(GetParam());
  EngineOptions options;
  options.max_batch_samples = 3;
  options.prefill_rows = 5;
  options.kv_budget_bytes = 6 * fixture.block_bytes();
  expect_reference(fixture.model, options);
  options.batch_invariant = true;
  expect_reference(fixture.model, options);
}

TEST_P(GreedyTest, PlainOperationsContinueLikeTheReference) {
  const fs::path folder = fixtures() / GetParam() / "checkpoint";
  const CausalLm wide = CausalLm::load(folder, at::kDouble).value();
  EngineOptions options;
  options.prefill_rows = 7;
  expect_reference(wide, options);
}

INSTANTIATE_TEST_SUITE_P(Fixtures, GreedyTest, testing::Values("qwen3-dense", "qwen3-moe"),
                         [](const auto& folder) {
                           std::string name = folder.param;
                           std::erase(name, '-');
                           return name;
                         });

// The folder that `cairn-model import` makes of the published GGUF file.
TEST(SmolLm2, GreedyTokensAreTheReferencesWhileItsMarginIsClear) {
  const char* folder = std::getenv("CAIRN_SMOLLM2");
  if (folder == nullptr) GTEST_SKIP() << "skipped: CAIRN_SMOLLM2 names no model folder";
  const CausalLm model = CausalLm::load(folder).value();
  std::vector<Request> requests;
  const std::vector<json::object> cases = read_lines(fixtures() / "smollm2" / "generations.jsonl");
  for (const json::object& one : cases) {
    Request request{ids_of(one.at("ids")), {0}, {}};
    request.sampling.temperature = 0;
    request.sampling.max_new_tokens =
        static_cast<std::int64_t>(one.at("greedy_ids").as_array().size());
    request.sampling.stop_ids = model.config().eos_ids;
    requests.push_back(std::move(request));
  }
  const auto generated = generate(model, requests);
  ASSERT_TRUE(generated.ok()) << generated.error().to_string();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    const std::vector<std::int64_t> wanted = ids_of(cases[i].at("greedy_ids"));
    const json::array& margins = cases[i].at("greedy_margin").as_array();
    const Completion& completion = generated->completions[i][0];
    for (std::size_t t = 0; t < wanted.size(); ++t) {
      if (margins[t].to_number<double>() <= 1e-2) break;
      ASSERT_LT(t, completion.ids.size()) << i;
      EXPECT_EQ(completion.ids[t], wanted[t]) << i << ", token " << t;
    }
    // The first token's log-probability is among the twenty the reference lists.
    const std::vector<std::int64_t> top = ids_of(cases[i].at("next_top20_ids"));
    EXPECT_EQ(completion.ids[0], top[0]);
    EXPECT_NEAR(completion.logprobs[0],
                cases[i].at("next_top20_logprobs").as_array()[0].to_number<double>(), 2e-3);
  }
}

struct BatchTest : testing::Test, GenerationModel {
  // The request among 15 others of all lengths.
  std::vector<Request> crowd(const Request& watched) const {
    std::vector<Request> requests;
    for (std::uint64_t i = 0; i < 15; ++i) {
      requests.push_back(request(100 + i, 1 + static_cast<std::int64_t>(i) * 9, 1 + i % 3));
      requests.back().sampling.max_new_tokens = 3 + static_cast<std::int64_t>(i);
    }
    requests.insert(requests.begin() + 9, watched);
    return requests;
  }

  // [0]: alone; then in a crowd, and with other budgets, places and pieces.
  std::vector<std::vector<Completion>> in_many_batches(const Request& watched,
                                                       bool invariant) const {
    std::vector<std::vector<Completion>> results;
    const auto run = [&](const std::vector<Request>& requests, std::size_t at,
                         const EngineOptions& options) {
      const auto generated = generate(model, requests, options);
      EXPECT_TRUE(generated.ok()) << generated.error().to_string();
      results.push_back(generated->completions[at]);
    };
    EngineOptions options;
    options.batch_invariant = invariant;
    run({watched}, 0, options);
    run(crowd(watched), 9, options);
    options.kv_budget_bytes = 14 * block_bytes();
    run(crowd(watched), 9, options);
    options.max_batch_samples = 2;
    run(crowd(watched), 9, options);
    options.prefill_rows = 11;
    run(crowd(watched), 9, options);
    run({watched}, 0, options);
    return results;
  }
};

TEST_F(BatchTest, OtherBatchesAndBudgetsChangeLogprobsByRoundingAlone) {
  const auto results = in_many_batches(request(1, 75, 4), false);
  for (std::size_t b = 1; b < results.size(); ++b) {
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(results[b][i].ids, results[0][i].ids) << b;
      EXPECT_LT(apart(results[b][i].logprobs, results[0][i].logprobs), kTolerance) << b;
      EXPECT_LT(apart(results[b][i].entropies, results[0][i].entropies), kTolerance) << b;
    }
  }
  EXPECT_NE(results[0][0].ids, results[0][1].ids);
}

TEST_F(BatchTest, BatchInvariantGenerationIsTheSameToTheBit) {
  const auto results = in_many_batches(request(1, 75, 4), true);
  for (std::size_t b = 1; b < results.size(); ++b) {
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(results[b][i].ids, results[0][i].ids) << b;
      EXPECT_EQ(results[b][i].logprobs, results[0][i].logprobs) << b;
      EXPECT_EQ(results[b][i].entropies, results[0][i].entropies) << b;
    }
  }
}

TEST_F(BatchTest, TheSameCallGivesTheSameBytes) {
  const auto first = generate(model, crowd(request(1, 75, 4))).value();
  const auto again = generate(model, crowd(request(1, 75, 4))).value();
  for (std::size_t r = 0; r < first.completions.size(); ++r) {
    for (std::size_t i = 0; i < first.completions[r].size(); ++i) {
      EXPECT_EQ(first.completions[r][i].ids, again.completions[r][i].ids);
      EXPECT_EQ(first.completions[r][i].logprobs, again.completions[r][i].logprobs);
    }
  }
}

TEST_F(BatchTest, LogprobsAndEntropiesAreThoseThatTrainingComputes) {
  const Request asked = request(3, 40, 3);
  const auto generated = generate(model, {asked}).value();
  at::NoGradGuard no_grad;
  for (const Completion& completion : generated.completions[0]) {
    const PackedBatch batch =
        pack_groups(std::vector<TokenGroup>{{asked.prompt, {completion.ids}}});
    const TokenScores scores =
        model.score(batch, {.temperature = asked.sampling.temperature}).value();
    for (std::size_t t = 0; t < completion.ids.size(); ++t) {
      const auto row = static_cast<std::int64_t>(t);
      EXPECT_NEAR(scores.logprob[row].item<double>(), completion.logprobs[t], kTolerance);
      EXPECT_NEAR(scores.entropy[row].item<double>(), completion.entropies[t], kTolerance);
    }
  }
}

// The frequency of each first token is its probability; with top_p only the likeliest are drawn.
TEST_F(BatchTest, SamplesFollowTheDistribution) {
  Request asked = request(4, 3, 4000);
  asked.sampling.temperature = 0.5;
  asked.sampling.max_new_tokens = 1;
  PackedBatch batch;
  batch.tokens = asked.prompt;
  batch.segments = {{0, 3, -1}};
  at::NoGradGuard no_grad;
  const at::Tensor p = at::softmax(model.logits(batch)[2] / 0.5, -1);
  const auto drawn = generate(model, {asked}).value().completions[0];
  at::Tensor counts = at::zeros({model.config().vocab_size});
  for (const Completion& completion : drawn) counts[completion.ids[0]] += 1;
  EXPECT_LT((counts / 4000 - p).abs().max().item<double>(), 0.03);
  asked.sampling.top_p = 0.3;
  const auto [sorted, order] = p.sort(0, true);
  double mass = 0;
  std::int64_t kept = 0;
  while (mass < asked.sampling.top_p) mass += sorted[kept++].item<double>();
  const auto likely = generate(model, {asked}).value().completions[0];
  for (const Completion& completion : likely) {
    EXPECT_TRUE((order.slice(0, 0, kept) == completion.ids[0]).any().item<bool>());
  }
}

}  // namespace
}  // namespace cairn::model
