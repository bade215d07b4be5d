// The engine's rules: admission, sharing, ends, streaming, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <map>
#include <set>

#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/kv_cache.h"
#include "tests/unit/model/generation_model.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

struct EngineTest : testing::Test, GenerationModel {
  static std::string refusal(const Result<Generation>& result) {
    return result.ok() ? "accepted" : result.error().to_string();
  }
};

TEST_F(EngineTest, APromptIsComputedOnceForAllItsSamples) {
  Request asked = request(1, 100, 16);
  asked.sampling.max_new_tokens = 5;
  const TokenCounts counts = generate(model, {asked}).value().counts;
  EXPECT_EQ(counts.prompt_tokens, 100);
  EXPECT_EQ(counts.shared_tokens, 0);
  EXPECT_EQ(counts.generated_tokens, 16 * 4);  // the last of five is drawn, not computed
}

TEST_F(EngineTest, SamplesThatWaitForAPlaceFindTheirPromptComputed) {
  Request asked = request(1, 100, 16);
  asked.sampling.max_new_tokens = 5;
  EngineOptions options;
  options.max_batch_samples = 3;
  const Generation generated = generate(model, {asked}, options).value();
  EXPECT_EQ(generated.counts.prompt_tokens, 100);
  EXPECT_EQ(generated.counts.generated_tokens, 16 * 4);
}

TEST_F(EngineTest, ACommonBeginningOfPromptsIsComputedOnce) {
  const std::vector<std::int64_t> system = tokens(7, 2 * kBlockTokens + 5);
  std::vector<Request> requests;
  for (std::uint64_t i = 0; i < 6; ++i) {
    requests.push_back(request(10 + i, 20));
    auto& prompt = requests.back().prompt;
    prompt.insert(prompt.begin(), system.begin(), system.end());
  }
  const Generation together = generate(model, requests).value();
  const std::int64_t length = static_cast<std::int64_t>(system.size()) + 20;
  EXPECT_EQ(together.counts.shared_tokens, 5 * 2 * kBlockTokens);
  EXPECT_EQ(together.counts.prompt_tokens, length + 5 * (length - 2 * kBlockTokens));
  for (std::size_t i = 0; i < requests.size(); ++i) {
    const Generation alone = generate(model, {requests[i]}).value();
    EXPECT_EQ(alone.completions[0][0].ids, together.completions[i][0].ids) << i;
    EXPECT_LT(apart(alone.completions[0][0].logprobs, together.completions[i][0].logprobs), 1e-4);
  }
}

// Of equal prompts all full blocks are found but that of the last token, which gives the logits.
TEST_F(EngineTest, EqualPromptsShareAllButTheirLastBlock) {
  for (const std::int64_t length : {2 * kBlockTokens, 2 * kBlockTokens + 1, 3 * kBlockTokens - 1}) {
    const Request asked = request(1, length);
    const TokenCounts counts = generate(model, {asked, asked}).value().counts;
    EXPECT_EQ(counts.shared_tokens, (length - 1) / kBlockTokens * kBlockTokens) << length;
    EXPECT_EQ(counts.prompt_tokens + counts.shared_tokens, 2 * length);
  }
}

TEST_F(EngineTest, BlocksThatNobodyHoldsAreForgotten) {
  Engine engine = Engine::create(model, {}).value();
  const Request asked = request(1, 3 * kBlockTokens);
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(engine.submit(asked).ok());
    while (engine.step().value()) {
    }
  }
  EXPECT_EQ(engine.counts().shared_tokens, 0);
}

TEST_F(EngineTest, NoMoreSamplesAreAliveThanAllowedAndNoneOvertakes) {
  std::set<std::pair<RequestId, std::size_t>> alive;
  std::vector<std::pair<RequestId, std::size_t>> begun;
  std::size_t most = 0;
  EngineOptions options;
  options.max_batch_samples = 4;
  options.on_token = [&](const TokenEvent& event) {
    const std::pair sample{event.request, event.sample};
    if (event.index == 0) begun.push_back(sample);
    alive.insert(sample);
    most = std::max(most, alive.size());
    if (event.last) alive.erase(sample);
  };
  std::vector<Request> requests;
  for (std::uint64_t i = 0; i < 7; ++i) {
    requests.push_back(request(i, 10 + static_cast<std::int64_t>(i) * 13, 2));
    requests.back().sampling.max_new_tokens = 1 + static_cast<std::int64_t>(i);
  }
  ASSERT_TRUE(generate(model, requests, options).ok());
  EXPECT_LE(most, 4U);
  EXPECT_TRUE(alive.empty());
  EXPECT_EQ(begun.size(), 14U);
  EXPECT_TRUE(std::ranges::is_sorted(begun));
}

TEST_F(EngineTest, AShortBudgetMakesRequestsWait) {
  std::vector<Request> requests;
  for (std::uint64_t i = 0; i < 5; ++i) requests.push_back(request(i, 50, 2));
  EngineOptions options;
  options.kv_budget_bytes = 4 * block_bytes();  // one prompt of two blocks and one sample
  const Generation waited = generate(model, requests, options).value();
  const Generation free = generate(model, requests).value();
  for (std::size_t r = 0; r < requests.size(); ++r) {
    for (std::size_t i = 0; i < 2; ++i) {
      EXPECT_EQ(waited.completions[r][i].ids, free.completions[r][i].ids);
    }
  }
}

TEST_F(EngineTest, ARequestThatNeverFitsIsRefusedWithTheSizes) {
  EngineOptions options;
  options.kv_budget_bytes = 4 * block_bytes() - 1;
  const std::string error = refusal(generate(model, {request(1, 3), request(1, 60)}, options));
  EXPECT_THAT(error,
              HasSubstr("request 1: a prompt of 60 tokens and up to 12 new ones need 4 blocks"));
  EXPECT_THAT(error, HasSubstr("has room for 3"));
  EXPECT_THAT(error, HasSubstr("raise kv_budget_bytes to " + std::to_string(4 * block_bytes())));
}

TEST_F(EngineTest, PromptsBeyondTheWindowAreRefusedAndOutputsEndAtIt) {
  const std::int64_t window = window_of(model.config());
  const std::string error = refusal(generate(model, {request(1, window + 1)}));
  EXPECT_THAT(error, HasSubstr("the prompt has " + std::to_string(window + 1) + " tokens"));
  EXPECT_THAT(error, HasSubstr("window is " + std::to_string(window)));
  Request full = request(1, window - 2);
  full.sampling.max_new_tokens = std::numeric_limits<std::int64_t>::max();
  const Generation generated = generate(model, {full}).value();
  EXPECT_EQ(generated.completions[0][0].ids.size(), 3U);
  EXPECT_EQ(generated.completions[0][0].finish, FinishReason::kLength);
}

TEST_F(EngineTest, RequestsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const std::function<void(Request&)>& change) {
    Request asked = request(1, 5);
    change(asked);
    return refusal(generate(model, {asked}));
  };
  EXPECT_THAT(refused([](Request& r) { r.prompt.clear(); }), HasSubstr("no tokens"));
  EXPECT_THAT(refused([](Request& r) { r.prompt[0] = -1; }), HasSubstr("token id -1"));
  EXPECT_THAT(refused([&](Request& r) { r.prompt[0] = model.config().vocab_size; }),
              HasSubstr("outside the vocabulary"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.max_new_tokens = 0; }),
              HasSubstr("max_new_tokens is 0"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.temperature = -1; }),
              HasSubstr("temperature is -1"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.top_p = 0; }), HasSubstr("top_p is 0"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.top_k = -2; }), HasSubstr("top_k is -2"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.min_p = 1.5; }), HasSubstr("min_p is 1.5"));
  EXPECT_THAT(refused([](Request& r) { r.sampling.stop_strings = {"a"}; }),
              HasSubstr("stop strings need a tokenizer"));
}

TEST_F(EngineTest, NoRequestsAndNoSamplesGiveNothing) {
  EXPECT_TRUE(generate(model, std::vector<Request>{}).value().completions.empty());
  const auto none = generate(model, {request(1, 5, 0), request(2, 5)}).value();
  EXPECT_TRUE(none.completions[0].empty());
  EXPECT_EQ(none.completions[1].size(), 1U);
}

TEST_F(EngineTest, LogitsThatAreNotFiniteAreAnError) {
  CausalLm broken = model;
  at::Tensor norm = broken.final_norm().detach().clone();
  norm[0] = std::numeric_limits<float>::quiet_NaN();
  ASSERT_TRUE(broken.set_parameter("model.norm.weight", norm).ok());
  Request asked = request(1, 5);
  asked.sampling.top_p = 0.9;
  EXPECT_THAT(refusal(generate(broken, {asked})), HasSubstr("logits are not finite"));
}

TEST_F(EngineTest, GenerationStopsWhenAsked) {
  int asked = 0;
  EngineOptions options;
  options.cancelled = [&] { return ++asked > 3; };
  const auto result = generate(model, {request(1, 5)}, options);
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kCancelled);
  EXPECT_EQ(asked, 4);
}

TEST_F(EngineTest, RequestsComeAndGoWhileOthersAreGenerated) {
  std::map<RequestId, std::vector<std::int64_t>> streamed;
  EngineOptions options;
  options.on_token = [&](const TokenEvent& event) { streamed[event.request].push_back(event.id); };
  Engine engine = Engine::create(model, options).value();
  Request long_one = request(1, 40);
  long_one.sampling.max_new_tokens = 30;
  const RequestId first = engine.submit(long_one).value();
  const RequestId dropped = engine.submit(long_one).value();
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(engine.step().value());
  engine.cancel(dropped);
  const RequestId late = engine.submit(request(2, 70)).value();
  EXPECT_FALSE(engine.submit(Request{}).ok());
  while (engine.step().value()) {
  }
  ASSERT_TRUE(engine.done(first) && engine.done(dropped) && engine.done(late));
  const auto cut = engine.take(dropped);
  EXPECT_EQ(cut[0].finish, FinishReason::kCancelled);
  EXPECT_EQ(cut[0].ids.size(), 5U);
  const Completion kept = engine.take(first)[0];
  EXPECT_EQ(kept.ids, generate(model, {long_one}).value().completions[0][0].ids);
  EXPECT_EQ(kept.ids, streamed[first]);
  EXPECT_EQ(engine.take(late)[0].ids,
            generate(model, {request(2, 70)}).value().completions[0][0].ids);
}

// A stop string that begins and ends inside tokens, found in the text as it comes.
TEST_F(EngineTest, StopStringsCutTheTextAndKeepTheIds) {
  const Tokenizer tokenizer = Tokenizer::load(fixtures() / "tokenizer").value();
  std::string streamed;
  EngineOptions options;
  options.tokenizer = &tokenizer;
  options.on_token = [&](const TokenEvent& event) { streamed += event.text; };
  Request asked = request(1, 20);
  asked.sampling.max_new_tokens = 40;
  const Completion whole = generate(model, {asked}, options).value().completions[0][0];
  EXPECT_EQ(whole.text, tokenizer.decode(whole.ids, true));
  EXPECT_EQ(streamed, whole.text);
  // Bytes of the text that are characters of their own, so that a string can be made of them.
  std::size_t at = whole.text.size() / 2;
  const auto plain = [&](std::size_t i) { return (whole.text[i] & 0x80) == 0; };
  while (at + 3 < whole.text.size() && !(plain(at) && plain(at + 1) && plain(at + 2))) ++at;
  ASSERT_LT(at + 3, whole.text.size());
  const std::string stop = whole.text.substr(at, 3);
  asked.sampling.stop_strings = {"never in the text", stop};
  streamed.clear();
  const Completion ended = generate(model, {asked}, options).value().completions[0][0];
  EXPECT_EQ(ended.finish, FinishReason::kStop);
  EXPECT_EQ(ended.text, whole.text.substr(0, whole.text.find(stop)));
  EXPECT_EQ(streamed, ended.text);
  ASSERT_LT(ended.ids.size(), whole.ids.size());
  EXPECT_TRUE(std::equal(ended.ids.begin(), ended.ids.end(), whole.ids.begin()));
  EXPECT_THAT(tokenizer.decode(ended.ids, true), HasSubstr(stop));
}

}  // namespace
}  // namespace cairn::model
