#include <gmock/gmock.h>

#include "core/server/reading/log_page.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;

class LogSearch : public AttemptFixture {
 protected:
  void print(const std::string& text) const { append(task_.attempt(1).output_log(), text); }
  static LogSearchRequest request(const SearchText& text) {
    LogSearchRequest request;
    request.source = LogSource::kOutput;
    request.text = text;
    return request;
  }
  json::object search(const LogSearchRequest& request) {
    auto found = log_search(indexes_, task_, request);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : json::object{{"hits", json::array()}, {"next", nullptr}};
  }
  static std::vector<std::uint64_t> lines(const json::object& found) {
    std::vector<std::uint64_t> all;
    for (const auto& hit : found.at("hits").as_array())
      all.push_back(hit.as_object().at("line").to_number<std::uint64_t>());
    return all;
  }
  static json::value columns(const json::object& found, std::size_t hit) {
    return found.at("hits").at(hit).at("columns");
  }

  SteppingClock clock_;
  Indexes indexes_{fs::temp_directory_path(), Indexes::Limits(), clock_};
};

TEST_F(LogSearch, SaysLineAndColumns) {
  print("none\nloss and loss\nä😀loss\n");
  const auto found = search(request({"loss"}));
  EXPECT_THAT(lines(found), ElementsAre(2U, 3U));
  EXPECT_EQ(columns(found, 0), (json::array{json::array{0, 4}, json::array{9, 13}}));
  // As JavaScript counts: a letter and two halves of a face before it.
  EXPECT_EQ(columns(found, 1), (json::array{json::array{3, 7}}));
  EXPECT_EQ(found.at("hits").at(1).at("at"), json::value(19 + 6));
  EXPECT_TRUE(found.at("next").is_null());
}

TEST_F(LogSearch, GoesOnFromHitToHitBothWays) {
  for (int i = 1; i <= 30; ++i) print(i % 3 == 0 ? "hit\n" : "miss\n");
  LogSearchRequest wanted = request({"hit"});
  wanted.limit = 4;
  const auto first = search(wanted);
  EXPECT_THAT(lines(first), ElementsAre(3U, 6U, 9U, 12U));
  wanted.cursor = first.at("next").as_string();
  const auto second = search(wanted);
  EXPECT_THAT(lines(second), ElementsAre(15U, 18U, 21U, 24U));
  wanted.backwards = true;
  wanted.limit = 2;
  wanted.cursor = "";
  const auto last = search(wanted);
  EXPECT_THAT(lines(last), ElementsAre(27U, 30U));
  wanted.cursor = last.at("next").as_string();
  EXPECT_THAT(lines(search(wanted)), ElementsAre(21U, 24U));
}

TEST_F(LogSearch, TakesPatternsAndCase) {
  print("Step 12\nstep x\nSTEP 7 NaN\nGRÖSSE\n");
  EXPECT_THAT(lines(search(request({"step [0-9]+", true, true}))), ElementsAre(1U, 3U));
  EXPECT_THAT(lines(search(request({"[0-9]+$", true}))), ElementsAre(1U));
  EXPECT_THAT(lines(search(request({"größe"}))), ElementsAre());
  EXPECT_THAT(lines(search(request({"grösse", false, true}))), ElementsAre(4U));
  EXPECT_THAT(lines(search(request({"12"}))), ElementsAre(1U));
}

TEST_F(LogSearch, AHopelessPatternEndsByItself) {
  print(std::string(40, 'a') + "!\nplain\n");
  const auto found = search(request({"(a+)+$", true}));
  EXPECT_TRUE(lines(found).empty() || lines(found).front() > 1);
  EXPECT_EQ(found.at("undecided"), json::value(1));
}

TEST_F(LogSearch, RefusesPatternsThatAreNone) {
  for (const auto& [text, regex] : {std::pair<std::string, bool>{"", false},
                                    {"a(", true},
                                    {"\xff", false},
                                    {std::string(2000, 'a'), false},
                                    {"((((a{1000}){1000}){1000}){1000})", true}}) {
    const auto refused = log_search(indexes_, task_, request({text, regex}));
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(LogSearch, AMatchOfNothingIsNone) {
  print("abc\n");
  EXPECT_TRUE(lines(search(request({"x*", true}))).empty());
  EXPECT_EQ(columns(search(request({"(?=b)|c", true})), 0), (json::array{json::array{2, 3}}));
}

TEST_F(LogSearch, FindsWhatIsDeepInALongLine) {
  const std::string before(std::size_t{5} << 20, '.');
  print("first\n" + before + "needle" + std::string(1000, '.') + "\nlast needle\n");
  const auto found = search(request({"needle"}));
  EXPECT_THAT(lines(found), ElementsAre(2U, 3U));
  EXPECT_EQ(found.at("hits").at(0).at("at"), json::value(6 + before.size()));
  EXPECT_TRUE(columns(found, 0).as_array().empty());
  // A budget that is spent at once goes on within the line, and finds it all the same.
  clock_.set_step(Duration(150));
  LogSearchRequest wanted = request({"needle"});
  std::vector<std::uint64_t> all;
  std::vector<std::uint64_t> offsets;
  int calls = 0;
  for (; calls < 100; ++calls) {
    const auto part = search(wanted);
    for (const auto line : lines(part)) all.push_back(line);
    for (const auto& hit : part.at("hits").as_array())
      offsets.push_back(hit.at("offset").to_number<std::uint64_t>());
    if (part.at("next").is_null()) break;
    wanted.cursor = part.at("next").as_string();
  }
  EXPECT_THAT(all, ElementsAre(2U, 3U));
  EXPECT_THAT(offsets, ElementsAre(6U, before.size() + 1013));
  EXPECT_GT(calls, 5);
}

TEST_F(LogSearch, SearchesWhatIsShownOfRecords) {
  append(task_.attempt(1).log(),
         "{\"time\":\"T\",\"level\":\"info\",\"message\":\"a \\\"quoted\\\" word\"}\n"
         "{\"time\":\"T\",\"level\":\"error\",\"message\":\"m\",\"fields\":{\"step\":3}}\n"
         "{\"time\":\"T\",\"level\":\"info\",\"message\":\"level\"}\n");
  LogSearchRequest wanted = request({"\"quoted\""});
  wanted.source = LogSource::kLog;
  EXPECT_THAT(lines(search(wanted)), ElementsAre(1U));
  wanted.text = {"m step=3"};
  EXPECT_THAT(lines(search(wanted)), ElementsAre(2U));
  wanted.text = {"level"};  // a key of every record, the message of one
  EXPECT_THAT(lines(search(wanted)), ElementsAre(3U));
  wanted.text = {"m"};
  wanted.levels = {"error"};
  EXPECT_THAT(lines(search(wanted)), ElementsAre(2U));
}

}  // namespace
}  // namespace cairn
