#include "plugins/lib/model/sampling.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <numeric>
#include <vector>

#include "core/base/random.h"
#include "plugins/lib/model/stop_text.h"

namespace cairn::model {
namespace {

// The rules of sampling.h read literally, over probabilities in double.
std::map<std::int64_t, double> kept(const std::vector<float>& logits, const SamplingRule& rule) {
  std::vector<std::pair<double, std::int64_t>> order;
  double sum = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const double p = std::exp(static_cast<double>(logits[i]) / rule.temperature);
    order.emplace_back(-p, static_cast<std::int64_t>(i));
    sum += p;
  }
  std::ranges::sort(order);
  if (rule.top_k > 0) order.resize(std::min<std::size_t>(order.size(), rule.top_k));
  double left = 0;
  for (const auto& [p, id] : order) left -= p / sum;
  std::map<std::int64_t, double> result;
  double mass = 0, total = 0;
  for (const auto& [p, id] : order) {
    const bool reached = rule.top_p < 1 && mass >= rule.top_p * left;
    if (!result.empty() && (reached || p > rule.min_p * order.front().first)) break;
    mass -= p / sum;
    result[id] = -p / sum;
    total -= p / sum;
  }
  for (auto& [id, p] : result) p /= total;
  return result;
}

std::vector<float> some_logits(std::size_t count) {
  RandomStream random(3, "logits");
  std::vector<float> logits(count);
  for (float& logit : logits) logit = static_cast<float>(random.normal() * 2);
  return logits;
}

TEST(Sampling, EveryRuleKeepsWhatItsDefinitionKeeps) {
  const std::vector<float> logits = some_logits(300);
  const SamplingRule rules[] = {{1.0, 0, 1.0, 0.0},   {0.7, 5, 1.0, 0.0},   {1.3, 0, 0.6, 0.0},
                                {1.0, 0, 1.0, 0.1},   {0.8, 40, 0.7, 0.05}, {2.0, 100, 0.9, 0.3},
                                {0.5, 1, 0.9, 0.0},   {1.0, 0, 1e-9, 0.0},  {1.0, 0, 1.0, 1.0},
                                {1.0, 999, 0.99, 0.0}};
  for (const SamplingRule& rule : rules) {
    const auto wanted = kept(logits, rule);
    std::map<std::int64_t, double> seen;
    constexpr int kDraws = 20000;  // evenly spaced: the shares are then exact to 1 / kDraws
    for (int i = 0; i < kDraws; ++i) {
      const Draw draw = draw_token(logits.data(), 300, rule, (i + 0.5) / kDraws);
      seen[draw.id] += 1.0 / kDraws;
    }
    for (const auto& [id, share] : seen) {
      ASSERT_TRUE(wanted.contains(id)) << "top_k " << rule.top_k << ", top_p " << rule.top_p;
    }
    for (const auto& [id, p] : wanted) EXPECT_NEAR(seen[id], p, 2.0 / kDraws) << id;
  }
}

TEST(Sampling, LogprobAndEntropyAreOfAllTokensAtTheTemperature) {
  const std::vector<float> logits = some_logits(100);
  double sum = 0, entropy = 0;
  for (const float logit : logits) sum += std::exp(logit / 0.5);
  for (const float logit : logits) {
    const double p = std::exp(logit / 0.5) / sum;
    entropy -= p * std::log(p);
  }
  const Draw draw = draw_token(logits.data(), 100, {0.5, 3, 0.5, 0.1}, 0.4);
  EXPECT_NEAR(draw.logprob, logits[draw.id] / 0.5 - std::log(sum), 1e-5);
  EXPECT_NEAR(draw.entropy, entropy, 1e-4);
}

TEST(Sampling, GreedyTakesTheFirstOfEquals) {
  const std::vector<float> logits = {0, 3, 1, 3};
  EXPECT_EQ(draw_token(logits.data(), 4, {0.0, 0, 1.0, 0.0}, 0.99).id, 1);
}

TEST(Sampling, TokensRuledOutByTheModelAreNeverDrawn) {
  const float out = -std::numeric_limits<float>::infinity();
  const std::vector<float> logits = {out, 0, out, 0, out};
  for (const SamplingRule& rule : {SamplingRule{}, SamplingRule{1.0, 2, 0.99, 0.0}}) {
    for (const double u : {0.0, 0.4999, 0.5001, std::nextafter(1.0, 0.0)}) {
      EXPECT_EQ(draw_token(logits.data(), 5, rule, u).id, u < 0.5 ? 1 : 3);
    }
  }
}

TEST(StopText, PiecesAreWholeCharactersAndJoinToTheText) {
  const std::string text = "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x99\x82 \xFF!\xE2\x82";
  StopText whole({});
  std::string joined;
  for (const char byte : text) {
    whole.push(std::string(1, byte));
    const std::string piece = whole.take(false);
    EXPECT_TRUE(piece.empty() || (static_cast<unsigned char>(piece[0]) & 0xC0U) != 0x80U);
    joined += piece;
  }
  EXPECT_EQ(joined, "na\xC3\xAFve \xE2\x82\xAC \xF0\x9F\x99\x82 \xEF\xBF\xBD!");
  joined += whole.take(true);
  EXPECT_EQ(joined, whole.text());
}

TEST(StopText, WhatMayBeginAStopStringIsHeldBack) {
  StopText text({"STOP", "TOAD"});
  EXPECT_FALSE(text.push("a S"));
  EXPECT_EQ(text.take(false), "a ");
  EXPECT_FALSE(text.push("TO"));
  EXPECT_EQ(text.take(false), "");
  EXPECT_FALSE(text.push("A"));
  EXPECT_EQ(text.take(false), "S");
  EXPECT_TRUE(text.push("D and more"));
  EXPECT_EQ(text.take(false), "");
  EXPECT_EQ(text.text(), "a S");
}

TEST(StopText, TheStopStringThatBeginsFirstEndsTheText) {
  StopText text({"c", "bcd"});
  EXPECT_TRUE(text.push("abcd"));
  EXPECT_EQ(text.take(true), "a");
}

}  // namespace
}  // namespace cairn::model
