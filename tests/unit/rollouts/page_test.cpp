#include <limits>
#include <set>

#include "tests/unit/rollouts/rollouts_test.h"

namespace cairn::testing {
namespace {

using reading::AdvantageSign;
using reading::RolloutFilter;
using reading::RolloutPage;
using reading::RolloutSort;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct RolloutPageTest : RolloutsTest {};

TEST_F(RolloutPageTest, ShowsRowsWithTheHeadOfTheirResponse) {
  auto all = some_steps(1);
  all[2].response = std::string(500, 'x');
  all[2].answer.reset();
  all[2].truncated = true;
  write(all);
  const auto answer = need(rollout_page(view(), {}));
  ASSERT_THAT(answer.at("rollouts").as_array(), SizeIs(4));
  EXPECT_TRUE(answer.at("next_cursor").is_null());
  const auto& second = answer.at("rollouts").at(1).as_object();
  EXPECT_EQ(second.at("sample"), "multihop-1");
  EXPECT_EQ(second.at("task"), "multihop");
  EXPECT_EQ(second.at("index"), 1);
  EXPECT_EQ(second.at("reward"), 1.0);
  EXPECT_EQ(second.at("preview"), "Step 1, number 1");
  EXPECT_EQ(second.at("answer"), "7");
  const auto& third = answer.at("rollouts").at(2).as_object();
  EXPECT_EQ(third.at("task"), "reading");
  EXPECT_TRUE(third.at("truncated").as_bool());
  EXPECT_TRUE(third.at("answer").is_null());
  EXPECT_FALSE(third.at("answered").as_bool());
  EXPECT_TRUE(second.at("answered").as_bool());
  EXPECT_THAT(third.at("preview").as_string(), SizeIs(240));
}

TEST_F(RolloutPageTest, EveryFilterLeavesOutWhatItSays) {
  auto all = some_steps(3);
  all[0].truncated = true;
  all[5].dropped = true;
  all[6].token_data = made_tokens({"a"});
  all[7].answer.reset();
  write(all);
  const auto rollouts = view();
  const auto rows = [&](const RolloutFilter& filter) {
    return rows_of(need(rollout_page(rollouts, {.filter = filter})));
  };
  EXPECT_THAT(rows({.step_min = 3}), ElementsAre(8, 9, 10, 11));
  EXPECT_THAT(rows({.step_max = 1}), ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(rows({.step_min = 2, .step_max = 2}), ElementsAre(4, 5, 6, 7));
  EXPECT_THAT(rows({.step_min = 3, .step_max = 2}), IsEmpty());
  EXPECT_THAT(rows({.task = "reading"}), ElementsAre(2, 3, 6, 7, 10, 11));
  EXPECT_THAT(rows({.task = "no such task"}), IsEmpty());
  EXPECT_THAT(rows({.sample = "multihop-1"}), ElementsAre(0, 1, 4, 5, 8, 9));
  EXPECT_THAT(rows({.sample = "multihop-2"}), IsEmpty());
  EXPECT_THAT(rows({.reward_min = 3}), ElementsAre(3, 7, 11));
  EXPECT_THAT(rows({.reward_min = 1, .reward_max = 1}), ElementsAre(1, 5, 9));
  EXPECT_THAT(rows({.advantage = AdvantageSign::kNegative}), ElementsAre(0, 4, 8));
  EXPECT_THAT(rows({.advantage = AdvantageSign::kZero}), ElementsAre(1, 5, 9));
  EXPECT_THAT(rows({.step_max = 1, .advantage = AdvantageSign::kPositive}), ElementsAre(2, 3));
  EXPECT_THAT(rows({.truncated = true}), ElementsAre(0));
  EXPECT_THAT(rows({.dropped = true}), ElementsAre(5));
  EXPECT_THAT(rows({.step_max = 1, .truncated = false}), ElementsAre(1, 2, 3));
  EXPECT_THAT(rows({.with_tokens = true}), ElementsAre(6));
  EXPECT_THAT(rows({.answered = false}), ElementsAre(7));
  EXPECT_THAT(rows({.step_min = 2, .step_max = 2, .answered = true}), ElementsAre(4, 5, 6));
}

TEST_F(RolloutPageTest, SortsEitherWayAndTiesByRow) {
  auto all = some_steps(2);
  all[3].entropy = 0.5;
  all[4].entropy = 0.1;
  all[5].truncated = true;
  all[2].answer.reset();
  all[6].answer.reset();
  all[6].truncated = true;
  write(all);
  const auto rollouts = view();
  const auto rows = [&](RolloutSort sort, bool descending) {
    return rows_of(need(rollout_page(rollouts, {.sort = sort, .descending = descending})));
  };
  EXPECT_THAT(rows(RolloutSort::kStep, false), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(rows(RolloutSort::kStep, true), ElementsAre(4, 5, 6, 7, 0, 1, 2, 3));
  EXPECT_THAT(rows(RolloutSort::kReward, false), ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  EXPECT_THAT(rows(RolloutSort::kReward, true), ElementsAre(3, 7, 2, 6, 1, 5, 0, 4));
  EXPECT_THAT(rows(RolloutSort::kAdvantage, true), ElementsAre(3, 7, 2, 6, 1, 5, 0, 4));
  EXPECT_THAT(rows(RolloutSort::kTokens, false), ElementsAre(0, 4, 1, 5, 2, 6, 3, 7));
  EXPECT_THAT(rows(RolloutSort::kEntropy, false), ElementsAre(4, 0, 1, 2, 5, 6, 7, 3));
  EXPECT_THAT(rows(RolloutSort::kMade, false), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
  EXPECT_THAT(rows(RolloutSort::kMade, true), ElementsAre(7, 6, 5, 4, 3, 2, 1, 0));
  EXPECT_THAT(rows(RolloutSort::kError, true), ElementsAre(6, 2, 5, 0, 1, 3, 4, 7));
}

TEST_F(RolloutPageTest, WhatIsNoNumberComesLastEitherWayAndIsNull) {
  auto all = some_steps(1);
  all[1].entropy = std::numeric_limits<double>::quiet_NaN();
  RolloutFiles files(folder_, "");
  for (const auto& made : all) files.add_line("{\"response\":\"\"}", made);
  files.flush();
  for (const bool descending : {false, true}) {
    const auto answer =
        need(rollout_page(view(), {.sort = RolloutSort::kEntropy, .descending = descending}));
    EXPECT_THAT(rows_of(answer), ElementsAre(0, 2, 3, 1));
    EXPECT_TRUE(answer.at("rollouts").at(3).at("entropy").is_null());
  }
}

TEST_F(RolloutPageTest, PagesJoinedAreTheWholeListInEveryOrder) {
  auto all = some_steps(30);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].reward = static_cast<double>(i * 7 % 5);
  write(all);
  const auto rollouts = view();
  for (const auto sort :
       {RolloutSort::kStep, RolloutSort::kReward, RolloutSort::kAdvantage, RolloutSort::kTokens,
        RolloutSort::kEntropy, RolloutSort::kMade, RolloutSort::kError}) {
    for (const bool descending : {false, true}) {
      RolloutPage page{.filter = {.step_min = 3}, .sort = sort, .descending = descending};
      page.limit = 1000;
      const auto whole = rows_of(need(rollout_page(rollouts, page)));
      EXPECT_THAT(whole, SizeIs(112));
      page.limit = 7;
      std::vector<std::uint64_t> joined;
      for (int i = 0; i < 100; ++i) {
        const auto answer = need(rollout_page(rollouts, page));
        for (const auto row : rows_of(answer)) joined.push_back(row);
        if (answer.at("next_cursor").is_null()) break;
        page.cursor = answer.at("next_cursor").as_string();
      }
      EXPECT_EQ(joined, whole) << static_cast<int>(sort) << descending;
    }
  }
}

TEST_F(RolloutPageTest, ACursorBelongsToItsQuery) {
  write(some_steps(3));
  const auto rollouts = view();
  RolloutPage page{.limit = 2};
  const auto answer = need(rollout_page(rollouts, page));
  page.cursor = answer.at("next_cursor").as_string();
  EXPECT_EQ(problem(rollout_page(rollouts, page)), "no error");
  RolloutPage other = page;
  other.filter.task = "reading";
  EXPECT_THAT(problem(rollout_page(rollouts, other)), HasSubstr("other filters"));
  other = page;
  other.descending = true;
  EXPECT_THAT(problem(rollout_page(rollouts, other)), HasSubstr("other filters"));
  for (const std::string& bad :
       std::vector<std::string>{"1", "x", "1---", "2" + page.cursor.substr(1), page.cursor + "g",
                                page.cursor + "-0", std::string(100'000, '-')}) {
    other = page;
    other.cursor = bad;
    EXPECT_THAT(problem(rollout_page(rollouts, other)), HasSubstr("no cursor"))
        << bad.substr(0, 99);
  }
}

TEST_F(RolloutPageTest, LimitsAreKept) {
  write(some_steps(1));
  EXPECT_THAT(problem(rollout_page(view(), {.limit = 0})), HasSubstr("1 to 1000"));
  EXPECT_THAT(problem(rollout_page(view(), {.limit = 1001})), HasSubstr("1 to 1000"));
}

TEST_F(RolloutPageTest, StepsAreSummedUpAndJoinedWhereThereAreMany) {
  auto all = some_steps(10);
  all[0].truncated = true;
  all[1].dropped = true;
  write(all);
  auto answer = need(rollout_steps(view()));
  ASSERT_THAT(answer.at("steps").as_array(), SizeIs(10));
  const auto& first = answer.at("steps").at(0).as_object();
  EXPECT_EQ(first.at("step"), 1);
  EXPECT_EQ(first.at("count"), 4);
  EXPECT_EQ(first.at("reward_mean"), 1.5);
  EXPECT_EQ(first.at("reward_min"), 0.0);
  EXPECT_EQ(first.at("reward_max"), 3.0);
  EXPECT_EQ(first.at("tokens_mean"), 11.5);
  EXPECT_EQ(first.at("entropy_mean"), 0.25);
  EXPECT_EQ(first.at("truncated"), 1);
  EXPECT_EQ(first.at("dropped"), 1);
  EXPECT_EQ(answer.at("rollouts"), 40);
  answer = need(rollout_steps(view(), 4));
  ASSERT_THAT(answer.at("steps").as_array(), SizeIs(4));
  EXPECT_EQ(answer.at("steps").at(3).at("step"), 10);
  EXPECT_EQ(answer.at("steps").at(0).at("last_step"), 3);
  EXPECT_EQ(answer.at("steps").at(0).at("count"), 12);
}

TEST_F(RolloutPageTest, OneSampleIsFollowedAcrossSteps) {
  write(some_steps(5));
  auto answer = need(rollout_sample(view(), "reading-1", 2, 2));
  EXPECT_EQ(answer.at("sample").at("record"), 2);
  EXPECT_EQ(answer.at("sample").at("prompt_tokens"), 33);
  ASSERT_THAT(answer.at("steps").as_array(), SizeIs(2));
  EXPECT_EQ(answer.at("steps").at(0).at("step"), 2);
  EXPECT_EQ(answer.at("steps").at(0).at("reward_mean"), 2.5);
  EXPECT_EQ(json::serialize(answer.at("steps").at(0).at("rows")), "[6,7]");
  EXPECT_EQ(answer.at("next_step"), 4);
  answer = need(rollout_sample(view(), "reading-1", 4, 2));
  EXPECT_TRUE(answer.at("next_step").is_null());
  EXPECT_THAT(problem(rollout_sample(view(), "nobody")), HasSubstr("nobody"));
}

}  // namespace
}  // namespace cairn::testing
