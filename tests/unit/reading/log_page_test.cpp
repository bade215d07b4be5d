#include "core/server/reading/log_page.h"

#include <gmock/gmock.h>

#include <thread>

#include "core/base/text.h"
#include "core/sdk/runtime/bounded_log.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using Texts = std::vector<std::string>;

class LogPage : public AttemptFixture {
 protected:
  void print(const std::string& text) const { append(task_.attempt(1).output_log(), text); }
  void log(const std::string& level, const std::string& message) const {
    append(task_.attempt(1).log(),
           json::serialize(json::object{
               {"time", "2026-11-23T10:46:05.120Z"}, {"level", level}, {"message", message}}) +
               "\n");
  }
  static LogPageRequest output() {
    LogPageRequest request;
    request.source = LogSource::kOutput;
    return request;
  }
  json::object page(const LogPageRequest& request) {
    auto page = log_page(indexes_, task_, request);
    EXPECT_TRUE(page.ok()) << page.error().to_string();
    return page.ok() ? *page : json::object();
  }
  static Texts texts(const json::object& page, const char* list = "items") {
    Texts all;
    for (const auto& item : page.at(list).as_array())
      all.emplace_back(item.as_object().at("text").as_string());
    return all;
  }
  static std::vector<std::uint64_t> numbers(const json::object& page) {
    std::vector<std::uint64_t> all;
    for (const auto& item : page.at("items").as_array())
      all.push_back(item.as_object().at("line").to_number<std::uint64_t>());
    return all;
  }
  static std::string numbered(int from, int count) {
    std::string text;
    for (int i = from; i < from + count; ++i) text += "line " + std::to_string(i) + "\n";
    return text;
  }
  static std::string cursor(const json::object& page, const char* key) {
    return std::string(page.at(key).as_string());
  }

  SteppingClock clock_;
  Indexes indexes_{fs::temp_directory_path(), Indexes::Limits(), clock_};
};

TEST_F(LogPage, AFileThatIsNotThereIsEmpty) {
  const auto empty = page(output());
  EXPECT_EQ(empty.at("lines"), json::value(0));
  EXPECT_TRUE(empty.at("items").as_array().empty());
  EXPECT_EQ(empty.at("at_end"), json::value(true));
  EXPECT_EQ(empty.at("next"), json::value("1:0"));
  print("");
  EXPECT_EQ(page(output()).at("lines"), json::value(0));
}

TEST_F(LogPage, PagesFromTheBeginningToTheEnd) {
  print(numbered(1, 25));
  LogPageRequest request = output();
  request.limit = 10;
  const auto first = page(request);
  EXPECT_EQ(first.at("lines"), json::value(25));
  EXPECT_EQ(texts(first).front(), "line 1");
  EXPECT_EQ(numbers(first).back(), 10U);
  EXPECT_EQ(first.at("at_begin"), json::value(true));
  EXPECT_EQ(first.at("at_end"), json::value(false));
  request.cursor = cursor(first, "next");
  const auto second = page(request);
  EXPECT_EQ(texts(second).front(), "line 11");
  EXPECT_EQ(numbers(second).front(), 11U);
  EXPECT_EQ(second.at("at_begin"), json::value(false));
  request.cursor = cursor(second, "next");
  const auto third = page(request);
  EXPECT_EQ(texts(third).back(), "line 25");
  EXPECT_EQ(third.at("at_end"), json::value(true));
  request.cursor = cursor(third, "next");
  EXPECT_TRUE(page(request).at("items").as_array().empty());
  request.cursor = "";
  request.limit = 25;
  EXPECT_EQ(page(request).at("at_end"), json::value(true));
}

TEST_F(LogPage, PagesBackFromTheEnd) {
  print(numbered(1, 25));
  LogPageRequest request = output();
  request.limit = 10;
  request.backwards = true;
  const auto last = page(request);
  EXPECT_EQ(texts(last).front(), "line 16");
  EXPECT_EQ(texts(last).back(), "line 25");
  EXPECT_EQ(numbers(last).front(), 16U);
  EXPECT_EQ(last.at("at_end"), json::value(true));
  request.cursor = cursor(last, "previous");
  const auto before = page(request);
  EXPECT_EQ(numbers(before).front(), 6U);
  EXPECT_EQ(before.at("at_end"), json::value(false));
  request.cursor = cursor(before, "previous");
  const auto first = page(request);
  EXPECT_EQ(texts(first), (Texts{"line 1", "line 2", "line 3", "line 4", "line 5"}));
  EXPECT_EQ(first.at("at_begin"), json::value(true));
}

TEST_F(LogPage, OpensAtAnyLine) {
  print(numbered(1, 5000));
  LogPageRequest request = output();
  request.limit = 2;
  for (const std::uint64_t line : {1U, 1024U, 1025U, 2049U, 4999U}) {
    request.line = line;
    const auto found = page(request);
    EXPECT_THAT(numbers(found), ElementsAre(line, line + 1));
    EXPECT_EQ(texts(found).front(), "line " + std::to_string(line));
  }
  request.line = 5001;
  EXPECT_TRUE(page(request).at("items").as_array().empty());
  request.line = 0;
  EXPECT_FALSE(log_page(indexes_, task_, request).ok());
}

TEST_F(LogPage, LineNumbersComeWhenTheyAreCounted) {
  // 3 MB are more than one look of a clock that runs away counts.
  print(numbered(1, 300'000));
  SteppingClock fast(Duration(1000));
  Indexes indexes(fs::temp_directory_path(), Indexes::Limits(), fast);
  LogPageRequest request = output();
  request.backwards = true;
  request.limit = 3;
  auto last = log_page(indexes, task_, request);
  ASSERT_TRUE(last.ok());
  EXPECT_TRUE(last->at("lines").is_null());
  EXPECT_EQ(texts(*last).back(), "line 300000");
  EXPECT_FALSE(last->at("items").at(0).as_object().contains("line"));
  for (int asked = 0; asked < 100 && last->at("lines").is_null(); ++asked)
    last = log_page(indexes, task_, request);
  EXPECT_EQ(last->at("lines"), json::value(300'000));
  EXPECT_EQ(numbers(*last).back(), 300'000U);
}

TEST_F(LogPage, ALineThatIsNotCountedYetIsAskedForAgain) {
  print(numbered(1, 300'000));
  SteppingClock fast(Duration(1000));
  Indexes indexes(fs::temp_directory_path(), Indexes::Limits(), fast);
  LogPageRequest request = output();
  request.line = 250'000;
  auto found = log_page(indexes, task_, request);
  ASSERT_TRUE(found.ok());
  ASSERT_TRUE(found->contains("counting"));
  for (int asked = 0; asked < 100 && found->contains("counting"); ++asked)
    found = log_page(indexes, task_, request);
  EXPECT_EQ(texts(*found).front(), "line 250000");
}

TEST_F(LogPage, ATornLastLineIsGivenAgainWhenItIsWhole) {
  print("one\ntw");
  const auto torn = page(output());
  EXPECT_EQ(texts(torn), (Texts{"one", "tw"}));
  EXPECT_EQ(torn.at("lines"), json::value(2));
  EXPECT_EQ(torn.at("items").at(1).at("partial"), json::value(true));
  LogPageRequest request = output();
  request.cursor = cursor(torn, "next");
  EXPECT_EQ(request.cursor, "1:4");
  print("o\nthree\n");
  EXPECT_EQ(texts(page(request)), (Texts{"two", "three"}));
  EXPECT_THAT(numbers(page(request)), ElementsAre(2U, 3U));
  request = output();
  request.backwards = true;
  print("fo");
  EXPECT_EQ(texts(page(request)), (Texts{"one", "two", "three", "fo"}));
  EXPECT_THAT(numbers(page(request)), ElementsAre(1U, 2U, 3U, 4U));
}

TEST_F(LogPage, EmptyLinesAndWindowsLineEndsAreLines) {
  print("\n\r\na\r\n\nb\rc\n");
  const Texts all{"", "", "a", "", "b\rc"};
  EXPECT_EQ(texts(page(output())), all);
  LogPageRequest request = output();
  request.backwards = true;
  EXPECT_EQ(texts(page(request)), all);
  EXPECT_EQ(page(request).at("lines"), json::value(5));
}

TEST_F(LogPage, BytesThatAreNoTextAreShown) {
  print(std::string("a\xff\xc3(\x1b[31mred\0z\n", 16));
  EXPECT_EQ(texts(page(output())).front(), std::string("a\\xff\\xc3(\x1b[31mred\0z", 20));
  EXPECT_TRUE(is_valid_utf8(json::serialize(page(output()))));
}

TEST_F(LogPage, ALongLineIsCutAndItsBytesAreToBeHad) {
  const std::string line(std::size_t{3} << 20, 'x');
  print("before\n" + line + "END\nbehind\n");
  for (const bool backwards : {false, true}) {
    LogPageRequest request = output();
    request.backwards = backwards;
    const auto all = page(request);
    ASSERT_EQ(texts(all).size(), 3U);
    EXPECT_EQ(texts(all).at(1), line.substr(0, kLongestText));
    EXPECT_EQ(all.at("items").at(1).at("cut"), json::value(line.size() + 3));
    EXPECT_EQ(texts(all).back(), "behind");
    EXPECT_THAT(numbers(all), ElementsAre(1U, 2U, 3U));
  }
  std::string whole;
  for (std::uint64_t at = 7; at < 7 + line.size() + 3;) {
    const auto piece = log_range(task_, 1, LogSource::kOutput, at, kMostRangeBytes);
    ASSERT_TRUE(piece.ok());
    whole += piece->at("text").as_string();
    at = piece->at("end").to_number<std::uint64_t>();
  }
  EXPECT_TRUE(whole.starts_with(line + "END"));
}

TEST_F(LogPage, CutsBetweenCharacters) {
  std::string line = "x";
  while (line.size() < 3 * kLongestText) line += "ä€😀";
  print(line + "\n");
  const auto all = page(output());
  EXPECT_TRUE(line.starts_with(texts(all).front()));
  EXPECT_GE(texts(all).front().size(), kLongestText - 3);
  EXPECT_LE(texts(all).front().size(), kLongestText);
  std::string whole;
  for (std::uint64_t at = 0; at < line.size();) {
    const auto piece = log_range(task_, 1, LogSource::kOutput, at, 1001);
    ASSERT_TRUE(piece.ok());
    whole += piece->at("text").as_string();
    at = piece->at("end").to_number<std::uint64_t>();
  }
  EXPECT_EQ(whole, line + "\n");
}

TEST_F(LogPage, APageKeepsItsBytes) {
  for (int i = 0; i < 200; ++i) print(std::string(4000, '\x01') + "\n");
  LogPageRequest request = output();
  std::size_t lines = 0;
  for (int pages = 0; pages < 100; ++pages) {
    const auto part = page(request);
    EXPECT_LE(json::serialize(part).size(), kMostPageBytes);
    lines += texts(part).size();
    request.cursor = cursor(part, "next");
    if (part.at("at_end") == json::value(true)) break;
  }
  EXPECT_EQ(lines, 200U);
  // One line always fits.
  request = output();
  request.bytes = 1;
  EXPECT_EQ(texts(page(request)).size(), 1U);
}

TEST_F(LogPage, RecordsHaveTimeLevelAndFields) {
  log("info", "checkpoint \"5\" saved");
  append(task_.attempt(1).log(),
         R"({"time":"T","level":"warning","message":"slow","fields":{"step":5,"why":"disk"}})"
         "\nno record\n");
  const auto all = page({});
  EXPECT_EQ(texts(all), (Texts{"checkpoint \"5\" saved", "slow step=5 why=disk", "no record"}));
  EXPECT_EQ(all.at("items").at(0).at("level"), json::value("info"));
  EXPECT_EQ(all.at("items").at(0).at("time"), json::value("2026-11-23T10:46:05.120Z"));
  EXPECT_FALSE(all.at("items").at(2).as_object().contains("level"));
}

TEST_F(LogPage, ARecordOfManyBytesIsCutInItsMessage) {
  log("error", "begin \"" + std::string(200'000, 'y'));
  const auto all = page({});
  EXPECT_EQ(all.at("items").at(0).at("level"), json::value("error"));
  EXPECT_TRUE(texts(all).front().starts_with("begin \"yyyy"));
  EXPECT_LE(texts(all).front().size(), kLongestText);
  EXPECT_GT(all.at("items").at(0).at("cut").to_number<std::uint64_t>(), 200'000U);
}

TEST_F(LogPage, FiltersByLevelAndText) {
  for (int i = 0; i < 100; ++i) log(i % 10 == 0 ? "warning" : "info", "m" + std::to_string(i));
  LogPageRequest request;
  request.filter.levels = {"warning", "error"};
  request.limit = 4;
  const auto first = page(request);
  EXPECT_EQ(texts(first), (Texts{"m0", "m10", "m20", "m30"}));
  EXPECT_THAT(numbers(first), ElementsAre(1U, 11U, 21U, 31U));
  request.cursor = cursor(first, "next");
  request.filter.text = SearchText{"m[4-6]0", true, false};
  EXPECT_EQ(texts(page(request)), (Texts{"m40", "m50", "m60"}));
  request = {};
  request.backwards = true;
  request.filter.levels = {"warning"};
  request.limit = 2;
  EXPECT_EQ(texts(page(request)), (Texts{"m80", "m90"}));
  EXPECT_THAT(numbers(page(request)), ElementsAre(81U, 91U));
}

TEST_F(LogPage, AFilterThatFindsNothingSaysWhereToGoOn) {
  print(numbered(1, 1000));
  clock_.set_step(Duration(100));
  LogPageRequest request = output();
  request.filter.text = SearchText{"nowhere", false, false};
  int pages = 0;
  for (; pages < 1000; ++pages) {
    const auto part = page(request);
    EXPECT_TRUE(texts(part).empty());
    if (part.at("at_end") == json::value(true)) break;
    EXPECT_NE(cursor(part, "next"), request.cursor);
    request.cursor = cursor(part, "next");
  }
  EXPECT_GT(pages, 3);
  EXPECT_LT(pages, 100);
}

TEST_F(LogPage, RefusesWhatIsNoCursorLimitOrAttempt) {
  LogPageRequest request = output();
  for (const char* wrong : {"x", "1", "0:5", "1:-1", "99999999999:1", "1:2:3"}) {
    request.cursor = wrong;
    EXPECT_FALSE(log_page(indexes_, task_, request).ok()) << wrong;
  }
  request = output();
  request.limit = 0;
  EXPECT_FALSE(log_page(indexes_, task_, request).ok());
  request.limit = kMostLines + 1;
  EXPECT_FALSE(log_page(indexes_, task_, request).ok());
  request = output();
  request.filter.text = SearchText{"(", true, false};
  const auto wrong = log_page(indexes_, task_, request);
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().code, ErrorCode::kInvalidArgument);
}

TEST_F(LogPage, ALinkIsNotFollowed) {
  put(folder_ / "sentinel", "secret\n");
  fs::create_symlink(folder_ / "sentinel", task_.attempt(1).output_log());
  const auto refused = log_page(indexes_, task_, output());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kCorrupt);
  EXPECT_FALSE(log_range(task_, 1, LogSource::kOutput, 0, 10).ok());
  fs::create_directory_symlink(folder_ / "elsewhere", task_.attempt(2).root);
  put(folder_ / "elsewhere" / "output.log", "secret\n");
  LogPageRequest second = output();
  second.attempt = 2;
  EXPECT_FALSE(log_page(indexes_, task_, second).ok());
}

TEST_F(LogPage, AShortenedLogGoesOnAtItsEndAndIsCountedAgain) {
  const fs::path file = task_.attempt(1).log();
  const auto bounded = BoundedLog::open(real_file_system(), file, 40'000, [](std::uint64_t bytes) {
    return R"({"time":"T","level":"warning","message":"left out )" + std::to_string(bytes) + "\"}";
  });
  ASSERT_TRUE(bounded.ok());
  const auto write = [&](int number) {
    ASSERT_TRUE((*bounded)
                    ->append(R"({"time":"T","level":"info","message":"entry )" +
                             std::to_string(number) + "\"}")
                    .ok());
  };
  int number = 0;
  while ((*bounded)->size() < 39'900) write(++number);
  LogPageRequest request;
  request.backwards = true;
  request.limit = 1;
  const auto full = page(request);
  EXPECT_EQ(full.at("lines"), json::value(number));
  while ((*bounded)->size() > 39'000) write(++number);
  request = {};
  request.cursor = cursor(full, "next");
  const auto behind = page(request);
  EXPECT_EQ(behind.at("shortened"), json::value(true));
  EXPECT_TRUE(texts(behind).empty());
  const auto next = cursor(behind, "next");
  write(++number);
  request.cursor = next;
  EXPECT_EQ(texts(page(request)), Texts{"entry " + std::to_string(number)});
  // Head, marker and tail are numbered as they lie there now.
  request = {};
  request.limit = kMostLines;
  const auto all = page(request);
  EXPECT_EQ(all.at("lines"), json::value(texts(all).size()));
  EXPECT_EQ(numbers(all).back(), texts(all).size());
  EXPECT_EQ(std::ranges::count_if(texts(all),
                                  [](const auto& text) { return text.starts_with("left out"); }),
            1);
}

TEST_F(LogPage, ALogThatWasCutAndGrewAgainIsCountedAgain) {
  print(numbered(1, 3000));
  EXPECT_EQ(page(output()).at("lines"), json::value(3000));
  put(task_.attempt(1).output_log(), numbered(1, 10) + std::string(100'000, 'z') + "\n");
  EXPECT_EQ(page(output()).at("lines"), json::value(11));
}

TEST_F(LogPage, TwoReadAtOnceWhileItGrows) {
  print(numbered(1, 20'000));
  const auto read = [&] {
    for (int i = 0; i < 50; ++i) {
      LogPageRequest request = output();
      request.line = 15'000;
      request.limit = 1;
      auto found = log_page(indexes_, task_, request);
      ASSERT_TRUE(found.ok());
      while (found->contains("counting")) found = log_page(indexes_, task_, request);
      EXPECT_EQ(texts(*found), Texts{"line 15000"});
    }
  };
  std::thread one(read);
  std::thread other(read);
  for (int i = 0; i < 50; ++i) print(numbered(20'001 + i * 100, 100));
  one.join();
  other.join();
  EXPECT_EQ(page(output()).at("lines"), json::value(25'000));
}

}  // namespace
}  // namespace cairn
