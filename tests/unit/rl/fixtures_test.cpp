// The formulas of RECIPE §3 against vectors made by reference implementations (tests/data/rl).
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>

#include "core/base/files.h"
#include "core/base/json.h"
#include "plugins/lib/rl/advantage.h"
#include "plugins/lib/rl/aepo.h"
#include "plugins/lib/rl/loss.h"
#include "plugins/lib/rl/mask.h"
#include "plugins/lib/rl/sampler.h"

namespace cairn::rl {
namespace {

using Rows = std::vector<std::vector<double>>;

json::value fixture(const std::string& name) {
  const char* folder = std::getenv("CAIRN_FIXTURES");
  const fs::path path =
      fs::path(folder != nullptr ? folder : CAIRN_SOURCE_DIR "/tests/data") / "rl" / name;
  auto text = real_file_system().read(path);
  EXPECT_TRUE(text.ok()) << path;
  auto value = parse_json(text.value());
  EXPECT_TRUE(value.ok());
  return value.value();
}

std::vector<double> numbers(const json::value& value) {
  std::vector<double> result;
  for (const auto& item : value.as_array()) result.push_back(item.to_number<double>());
  return result;
}

Rows rows(const json::value& value) {
  Rows result;
  for (const auto& item : value.as_array()) result.push_back(numbers(item));
  return result;
}

TokenMask token_mask(const json::value& value) {
  TokenMask mask;
  for (const auto& row : rows(value)) mask.emplace_back(row.begin(), row.end());
  return mask;
}

void expect_close(double actual, double expected, double tolerance, const std::string& what) {
  EXPECT_NEAR(actual, expected, tolerance * (1 + std::abs(expected))) << what;
}

TEST(RlFixtures, Advantages) {
  const auto cases = fixture("advantages.json");
  ASSERT_FALSE(cases.as_array().empty());
  for (const auto& value : cases.as_array()) {
    const auto& test = value.as_object();
    const std::string name(test.at("name").as_string());
    const auto mode = parse_advantage_mode(std::string(test.at("mode").as_string()));
    ASSERT_TRUE(mode.ok());
    std::vector<PromptRewards> batch;
    for (const auto& prompt : test.at("prompts").as_array())
      batch.push_back({std::string(prompt.at("task").as_string()), numbers(prompt.at("rewards"))});
    const auto actual = advantages(batch, *mode);
    const auto expected = rows(test.at("advantages"));
    ASSERT_EQ(actual.size(), expected.size());
    for (std::size_t i = 0; i < actual.size(); ++i) {
      ASSERT_EQ(actual[i].size(), expected[i].size());
      for (std::size_t g = 0; g < actual[i].size(); ++g)
        expect_close(actual[i][g], expected[i][g], 1e-9, name);
    }
  }
}

TEST(RlFixtures, EntropyMasks) {
  const auto cases = fixture("entropy_masks.json");
  ASSERT_FALSE(cases.as_array().empty());
  int index = 0;
  for (const auto& value : cases.as_array()) {
    const auto& test = value.as_object();
    const std::string what = "case " + std::to_string(index++);
    MaskRule rule;
    rule.level = test.at("level").as_string() == "token" ? MaskRule::Level::kToken
                                                         : MaskRule::Level::kSequence;
    rule.side =
        test.at("side").as_string() == "high" ? MaskRule::Side::kHigh : MaskRule::Side::kLow;
    const auto& threshold = test.at("threshold").as_object();
    if (const auto* tau = threshold.if_contains("tau")) rule.tau = tau->to_number<double>();
    if (const auto* share = threshold.if_contains("share")) rule.share = share->to_number<double>();
    const auto entropies = rows(test.at("entropies"));
    const auto means = sequence_means(entropies);
    const auto expected_means = numbers(test.at("sequence_means"));
    ASSERT_EQ(means.size(), expected_means.size());
    for (std::size_t i = 0; i < means.size(); ++i)
      expect_close(means[i], expected_means[i], 1e-12, what);
    expect_close(mask_threshold(entropies, rule), test.at("tau_used").to_number<double>(), 1e-12,
                 what);
    EXPECT_EQ(entropy_mask(entropies, numbers(test.at("advantages")), rule),
              token_mask(test.at("mask")))
        << what;
  }
}

TEST(RlFixtures, Aepo) {
  const auto series = fixture("aepo.json");
  ASSERT_FALSE(series.as_array().empty());
  for (const auto& value : series.as_array()) {
    const auto& test = value.as_object();
    Aepo aepo(test.at("low").to_number<double>(), test.at("high").to_number<double>(),
              test.at("masking_at_start").as_bool());
    for (const auto& batch : test.at("batches").as_array()) {
      const auto keep =
          aepo.step(batch.at("entropy").to_number<double>(), numbers(batch.at("advantages")));
      const auto expected = numbers(batch.at("keep"));
      EXPECT_EQ(keep, std::vector<std::uint8_t>(expected.begin(), expected.end()));
      EXPECT_EQ(aepo.masking(), batch.at("masking").as_bool());
      EXPECT_EQ(aepo.skipped(), batch.at("skipped_so_far").to_number<std::int64_t>());
      Aepo copy(test.at("low").to_number<double>(), test.at("high").to_number<double>());
      ASSERT_TRUE(copy.restore(aepo.state()).ok());
      EXPECT_EQ(copy.masking(), aepo.masking());
      EXPECT_EQ(copy.skipped(), aepo.skipped());
    }
  }
}

struct LossCase {
  LossBatch batch;
  LossOptions options;
  double temperature = 1;
  std::vector<Rows> logits;
  std::vector<std::vector<std::size_t>> tokens;
};

LossCase loss_case(const json::object& test) {
  LossCase result;
  result.temperature = test.at("temperature").to_number<double>();
  result.options.count_masked = test.at("masked_tokens").as_string() == "count";
  result.batch.advantages = numbers(test.at("advantages"));
  result.batch.mask = token_mask(test.at("mask"));
  result.batch.group.assign(result.batch.advantages.size(), 0);
  result.batch.keep.assign(result.batch.advantages.size(), 1);
  for (const auto& logits : test.at("logits").as_array()) result.logits.push_back(rows(logits));
  for (const auto& row : rows(test.at("responses")))
    result.tokens.emplace_back(row.begin(), row.end());
  return result;
}

TEST(RlFixtures, LossAndItsGradient) {
  const auto cases = fixture("loss.json");
  ASSERT_FALSE(cases.as_array().empty());
  for (const auto& value : cases.as_array()) {
    const auto& test = value.as_object();
    const std::string name(test.at("name").as_string());
    const auto input = loss_case(test);
    const auto weights = loss_weights(input.batch, input.options);
    double loss = 0;
    std::vector<double> per_response;
    const auto& expected = test.at("d_loss_d_logits").as_array();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      double part = 0;
      const auto gradient = rows(expected[i]);
      for (std::size_t t = 0; t < weights[i].size(); ++t) {
        part += weights[i][t];
        const auto score = score_token(input.logits[i][t], input.tokens[i][t], input.temperature);
        for (std::size_t v = 0; v < score.d_logits.size(); ++v)
          EXPECT_NEAR(weights[i][t] * score.d_logits[v], gradient[t][v], 1e-12) << name;
      }
      per_response.push_back(part);
      loss += part;
    }
    EXPECT_NEAR(loss, test.at("loss").to_number<double>(), 1e-12) << name;
    const auto micro = rows(test.at("micro_batches"));
    const auto micro_loss = numbers(test.at("loss_of_micro_batches"));
    for (std::size_t m = 0; m < micro.size(); ++m) {
      double part = 0;
      for (double i : micro[m]) part += per_response[static_cast<std::size_t>(i)];
      EXPECT_NEAR(part, micro_loss[m], 1e-12) << name;
    }
  }
}

TEST(RlFixtures, SamplerShares) {
  const auto data = fixture("sampler.json");
  for (const auto& test : data.at("shares").as_array()) {
    const auto expected = numbers(test.at("per_task"));
    EXPECT_EQ(task_shares(test.at("batch").to_number<std::size_t>(),
                          test.at("tasks").to_number<std::size_t>()),
              std::vector<std::size_t>(expected.begin(), expected.end()));
  }
  for (const auto& test : data.at("enough_samples").as_array()) {
    std::vector<std::string> tasks;
    int task = 0;
    for (double count : numbers(test.at("samples_per_task"))) {
      tasks.insert(tasks.end(), static_cast<std::size_t>(count), "task" + std::to_string(task));
      ++task;
    }
    EXPECT_EQ(BalancedSampler::create(tasks, test.at("batch").to_number<std::size_t>(), 0).ok(),
              test.at("ok").as_bool());
  }
}

}  // namespace
}  // namespace cairn::rl
