#include "core/sdk/testing/manual_clock.h"
#include "tests/unit/rollouts/rollouts_test.h"

namespace cairn::testing {
namespace {

using reading::RolloutSearch;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Time passes whenever it is asked for.
class ImpatientClock final : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return {}; }
  [[nodiscard]] Duration monotonic() const override { return Duration(1000) * ++asked_; }

 private:
  mutable int asked_ = 0;
};

struct RolloutSearchTest : RolloutsTest {
  json::object find(const RolloutSearch& search) {
    return need(rollout_search(view(), search, clock_));
  }
  ManualClock clock_;
};

TEST_F(RolloutSearchTest, FindsTextInResponsesMemoriesAndPlansAndNotInKeys) {
  auto all = some_steps(1);
  all[1].response = "a \"quoted\"\ttab and \xC3\xA9\x01";
  all[2].turns = {json::object{{"chunk", 1}, {"memory", "nothing"}, {"plan", "search"}},
                  json::object{{"chunk", 2}, {"memory", "found it"}, {"plan", "answer now"}},
                  json::object{{"tokens", 3}}};
  write(all);
  auto answer = find({.text = "\"quoted\"\ttab"});
  EXPECT_THAT(rows_of(answer, "hits"), ElementsAre(1));
  EXPECT_EQ(answer.at("hits").at(0).at("where"), "response");
  EXPECT_EQ(answer.at("hits").at(0).at("offset"), 2);
  EXPECT_EQ(answer.at("hits").at(0).at("excerpt").as_string(), all[1].response);
  EXPECT_THAT(rows_of(find({.text = "\xC3\xA9\x01"}), "hits"), ElementsAre(1));
  answer = find({.text = "found"});
  EXPECT_THAT(rows_of(answer, "hits"), ElementsAre(2));
  EXPECT_EQ(answer.at("hits").at(0).at("where"), "memory");
  EXPECT_EQ(answer.at("hits").at(0).at("turn"), 1);
  EXPECT_EQ(find({.text = "answer now"}).at("hits").at(0).at("where"), "plan");
  EXPECT_THAT(rows_of(find({.text = "prompt_tokens"}), "hits"), IsEmpty());
  EXPECT_THAT(rows_of(find({.text = "number"}), "hits"), ElementsAre(0, 2, 3));
}

TEST_F(RolloutSearchTest, FindsWhatOthersSpellWithEscapes) {
  RolloutFiles files(folder_, "");
  files.add_line(R"({"response":"caf\u00e9 on\/off"})", {});
  files.flush();
  EXPECT_THAT(rows_of(find({.text = "café on/off"}), "hits"), ElementsAre(0));
}

TEST_F(RolloutSearchTest, KeepsToItsFilterAndPages) {
  write(some_steps(20));
  RolloutSearch search{.text = "number", .filter = {.step_min = 5, .task = "reading"}, .limit = 3};
  std::vector<std::uint64_t> rows;
  for (int i = 0; i < 100; ++i) {
    const auto answer = find(search);
    for (const auto row : rows_of(answer, "hits")) rows.push_back(row);
    if (answer.at("next_cursor").is_null()) break;
    search.cursor = answer.at("next_cursor").as_string();
  }
  std::vector<std::uint64_t> expected;
  for (std::uint64_t step = 5; step <= 20; ++step)
    for (const std::uint64_t i : {2, 3}) expected.push_back((step - 1) * 4 + i);
  EXPECT_EQ(rows, expected);
  search.text = "other";
  EXPECT_THAT(problem(rollout_search(view(), search, clock_)), HasSubstr("other filters"));
}

TEST_F(RolloutSearchTest, StopsWhenTheBudgetIsSpentAndGoesOn) {
  auto all = some_steps(2500);
  all[9000].response = "needle";
  write(all);
  RolloutSearch search{.text = "needle"};
  const ImpatientClock clock;
  int calls = 0;
  json::object answer;
  do {
    answer = need(rollout_search(view(), search, clock));
    ++calls;
    ASSERT_LT(calls, 100);
    if (!answer.at("next_cursor").is_null()) search.cursor = answer.at("next_cursor").as_string();
  } while (answer.at("hits").as_array().empty() && !answer.at("next_cursor").is_null());
  EXPECT_GT(calls, 1);
  EXPECT_THAT(rows_of(answer, "hits"), ElementsAre(9000));
  EXPECT_EQ(answer.at("total"), 10'000);
}

TEST_F(RolloutSearchTest, ExcerptsEndAtCodePointsInHugeResponses) {
  MadeRollout made;
  made.response.clear();
  for (int i = 0; i < 500'000; ++i) made.response += "☃";
  made.response += "needle";
  for (int i = 0; i < 500'000; ++i) made.response += "☃";
  write({made});
  const auto answer = find({.text = "needle"});
  const auto& hit = answer.at("hits").at(0);
  EXPECT_EQ(hit.at("offset"), 1'500'000);
  EXPECT_TRUE(std::string_view(hit.at("excerpt").as_string()).starts_with("☃"));
  EXPECT_LT(hit.at("excerpt").as_string().size(), 200U);
}

TEST_F(RolloutSearchTest, RefusesTextsThatAreEmptyOrTooLong) {
  write(some_steps(1));
  EXPECT_THAT(problem(rollout_search(view(), {}, clock_)), HasSubstr("1 to 1000"));
  EXPECT_THAT(problem(rollout_search(view(), {.text = std::string(1001, 'x')}, clock_)),
              HasSubstr("1001"));
  EXPECT_THAT(problem(rollout_search(view(), {.text = "x", .limit = 0}, clock_)),
              HasSubstr("limit"));
}

}  // namespace
}  // namespace cairn::testing
