// pass@k, difficulty bins, and records among irrelevant documents.
#include "plugins/lib/curation/difficulty.h"

#include <gtest/gtest.h>

#include <bit>
#include <set>

#include "plugins/lib/curation/extension.h"
#include "tests/unit/filtering/records_of_packages.h"

namespace cairn::curation {
namespace {

using testing::lookup;
using testing::package_records;

// The mean over all choices of k of the samples, counted one by one.
double counted_pass_at_k(int samples, int right, int k) {
  int subsets = 0, with_right = 0;
  for (unsigned mask = 0; mask < (1U << samples); ++mask) {
    if (std::popcount(mask) != k) continue;
    ++subsets;
    with_right += (mask & ((1U << right) - 1)) != 0 ? 1 : 0;
  }
  return static_cast<double>(with_right) / subsets;
}

TEST(PassAtK, IsTheMeanOverAllSubsets) {
  for (int right = 0; right <= 8; ++right) {
    for (int k = 1; k <= 8; ++k) {
      EXPECT_NEAR(pass_at_k(8, right, k), counted_pass_at_k(8, right, k), 1e-12)
          << right << " of 8, k = " << k;
    }
  }
}

TEST(Difficulty, BinsHaltAtOne) {
  EXPECT_EQ(bin_of(0, 5), 0U);
  EXPECT_EQ(bin_of(0.2, 5), 1U);
  EXPECT_EQ(bin_of(0.99, 5), 4U);
  EXPECT_EQ(bin_of(1, 5), 4U);
}

// 40 records at rate 0, then 20 each at 0.3, 0.5, 0.7, and 5 at 0.9.
Records rated() {
  Records records;
  const auto add = [&](int count, double rate) {
    for (int i = 0; i < count; ++i) {
      records.push_back(lookup(static_cast<int>(records.size()), "reading", "Section"));
      records.back().pass_rate = rate;
    }
  };
  add(40, 0), add(20, 0.3), add(20, 0.5), add(20, 0.7), add(5, 0.9);
  return records;
}

std::map<double, int> kept_rates(const DifficultyOptions& options) {
  const Records records = rated();
  const Verdicts verdicts = by_difficulty(records, options);
  std::map<double, int> rates;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (verdicts[i].keeps()) ++rates[*records[i].pass_rate];
  }
  return rates;
}

TEST(Difficulty, DrawsEvenlyFromTheBins) {
  using Rates = std::map<double, int>;
  DifficultyOptions options;
  options.low = 0.01;
  EXPECT_EQ(kept_rates(options), (Rates{{0.3, 20}, {0.5, 20}, {0.7, 20}, {0.9, 5}}));
  options.high = 0.8;
  EXPECT_EQ(kept_rates(options), (Rates{{0.3, 20}, {0.5, 20}, {0.7, 20}}));
  options.high = 1;
  options.per_task = 35;
  EXPECT_EQ(kept_rates(options), (Rates{{0.3, 10}, {0.5, 10}, {0.7, 10}, {0.9, 5}}));
  options.per_task = 0;
  options.bin_ratio = 1;
  EXPECT_EQ(kept_rates(options), (Rates{{0.3, 5}, {0.5, 5}, {0.7, 5}, {0.9, 5}}));
}

TEST(Difficulty, TakesTheHardestFirst) {
  DifficultyOptions options;
  options.low = 0.01;
  options.per_task = 30;
  options.hardest_first = true;
  EXPECT_EQ(kept_rates(options), (std::map<double, int>{{0.3, 20}, {0.5, 10}}));
}

TEST(Extension, AddsOnlyIrrelevantDocuments) {
  const Records records = package_records(40);
  const DocumentPool pool(records);
  std::set<std::string> orders;
  for (const auto& record : records) {
    const auto extended = pool.extend(record, 3, 1);
    ASSERT_TRUE(extended.has_value());
    EXPECT_EQ(extended->documents.size(), record.documents.size() + 3);
    std::string order;
    for (const auto& document : extended->documents) {
      const bool own = std::ranges::any_of(
          record.documents, [&](const auto& other) { return other.id == document.id; });
      order += own ? 'o' : 'n';
      if (own) continue;
      EXPECT_FALSE(document.evidence);
      for (const auto& answer : answer_keys(record)) {
        EXPECT_EQ((" " + document.text).find(" " + answer + "\n"), std::string::npos) << answer;
      }
      for (const auto& other : records) {
        if (other.domain != record.domain) continue;
        for (const auto& same_domain : other.documents) EXPECT_NE(same_domain.id, document.id);
      }
    }
    orders.insert(order);
    EXPECT_EQ(json::serialize(to_json(*extended)),
              json::serialize(to_json(*pool.extend(record, 3, 1))));
  }
  EXPECT_GT(orders.size(), 5U);
}

TEST(Extension, SaysWhenThePoolIsTooSmall) {
  const Records one_domain = {lookup(0, "reading", "Section"), lookup(2, "reading", "Section")};
  EXPECT_FALSE(DocumentPool(one_domain).extend(one_domain[0], 1, 1).has_value());
}

}  // namespace
}  // namespace cairn::curation
