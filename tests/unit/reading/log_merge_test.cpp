#include "core/server/reading/log_merge.h"

#include <gmock/gmock.h>

#include <random>

#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using Texts = std::vector<std::string>;

class LogMerge : public AttemptFixture {
 protected:
  void SetUp() override {
    AttemptFixture::SetUp();
    request_.run_folder = folder_ / "runs" / "r";
    request_.stages = {"sow", "train", "eval"};
  }
  [[nodiscard]] TaskFolder task(const std::string& name) const {
    return {request_.run_folder / name};
  }
  static std::string record(std::int64_t ms, const std::string& message,
                            const std::string& level = "info") {
    return json::serialize(
               json::object{{"time", format_rfc3339(WallTime(Duration(1'790'000'000'000 + ms)))},
                            {"level", level},
                            {"message", message}}) +
           "\n";
  }
  json::object page() {
    auto found = merged_log_page(clock_, request_);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : json::object();
  }
  static Texts texts(const json::object& page) {
    Texts all;
    for (const auto& item : page.at("items").as_array())
      all.emplace_back(item.as_object().at("text").as_string());
    return all;
  }
  // Every page from the beginning or from the end, put together.
  Texts all_pages() {
    Texts all;
    request_.cursor.clear();
    for (int pages = 0; pages < 10'000; ++pages) {
      const auto part = page();
      const Texts own = texts(part);
      all.insert(request_.backwards ? all.begin() : all.end(), own.begin(), own.end());
      if (part.at(request_.backwards ? "at_begin" : "at_end") == json::value(true)) return all;
      request_.cursor = part.at(request_.backwards ? "previous" : "next").as_string();
    }
    ADD_FAILURE() << "the pages do not end";
    return all;
  }

  SteppingClock clock_;
  MergedLogRequest request_;
};

TEST_F(LogMerge, OrdersAttemptsOfAllTasksByTime) {
  append(task("train").attempt(1).log(), record(10, "a") + record(30, "c"));
  append(task("train").attempt(2).log(), record(40, "d"));
  append(task("eval@1").attempt(1).log(), record(20, "b") + record(40, "e"));
  fs::create_directories(task("sow").attempt(1).root);
  const auto all = page();
  EXPECT_EQ(texts(all), (Texts{"a", "b", "c", "d", "e"}));
  EXPECT_EQ(all.at("items").at(1).at("task"), json::value("eval@1"));
  EXPECT_EQ(all.at("items").at(3).at("attempt"), json::value(2));
  EXPECT_EQ(all.at("at_end"), json::value(true));
  request_.backwards = true;
  request_.limit = 2;
  EXPECT_EQ(texts(page()), (Texts{"d", "e"}));
  request_.choice.stage = "eval";
  EXPECT_EQ(texts(page()), (Texts{"b", "e"}));
}

TEST_F(LogMerge, ALineIsFoundAgainByItsPlaceWhateverIsWrittenSince) {
  append(task("train").attempt(1).log(), record(10, "a") + record(30, "c"));
  append(task("eval@1").attempt(1).log(), record(20, "b"));
  const std::string place(page().at("items").at(1).at("place").as_string());
  append(task("sow").attempt(1).log(), record(15, "late") + record(40, "d"));
  request_.cursor = place;
  EXPECT_EQ(texts(page()), (Texts{"c", "d"}));
  request_.backwards = true;
  const auto before = page();
  EXPECT_EQ(texts(before), (Texts{"a", "late"}));
  request_.backwards = false;
  request_.cursor = before.at("next").as_string();
  EXPECT_EQ(texts(page()), (Texts{"b", "c", "d"}));
}

TEST_F(LogMerge, ARunWithoutLogsHasNone) {
  const auto none = page();
  EXPECT_TRUE(texts(none).empty());
  EXPECT_EQ(none.at("next"), json::value(""));
  EXPECT_EQ(none.at("at_end"), json::value(true));
}

TEST_F(LogMerge, PagesOfAnyLengthAreTheWholeBothWays) {
  std::mt19937 random(13);
  struct Line {
    std::int64_t ms = 0;
    int order = 0;
    std::string text;
  };
  std::vector<Line> lines;
  const std::vector<std::string> names{"sow", "train@0", "train@1", "eval"};
  for (int order = 0; order < 4; ++order) {
    std::int64_t ms = static_cast<std::int64_t>(random() % 100);
    std::string text;
    // One of them longer than what is looked through line by line.
    for (int i = 0; i < (order == 2 ? 3000 : 40); ++i) {
      ms += static_cast<std::int64_t>(random() % 3);
      lines.push_back({ms, order, names[order] + " " + std::to_string(i)});
      text += record(ms, lines.back().text);
    }
    append(task(names[order]).attempt(1).log(), text + "{\"time\":\"to");
  }
  std::ranges::stable_sort(lines, [](const Line& a, const Line& b) {
    return std::pair(a.ms, a.order) < std::pair(b.ms, b.order);
  });
  Texts wanted;
  for (const Line& line : lines) wanted.push_back(line.text);
  for (const std::size_t limit : {7U, 100U, 1000U}) {
    request_.limit = limit;
    for (const bool backwards : {false, true}) {
      request_.backwards = backwards;
      EXPECT_TRUE(all_pages() == wanted) << limit << backwards;
    }
  }
}

TEST_F(LogMerge, GoesOnWithWhatIsLoggedMeanwhile) {
  append(task("train").attempt(1).log(), record(10, "a"));
  append(task("eval").attempt(1).log(), record(20, "b"));
  request_.cursor = page().at("next").as_string();
  EXPECT_TRUE(texts(page()).empty());
  EXPECT_EQ(page().at("next"), json::value(request_.cursor));
  append(task("eval").attempt(1).log(), record(20, "c").substr(0, 30));
  EXPECT_TRUE(texts(page()).empty());
  append(task("eval").attempt(1).log(), record(20, "c").substr(30));
  append(task("train").attempt(1).log(), record(25, "d"));
  append(task("train").attempt(2).log(), record(30, "e"));
  EXPECT_EQ(texts(page()), (Texts{"c", "d", "e"}));
}

TEST_F(LogMerge, FiltersAndStopsWithItsBudget) {
  for (int i = 0; i < 300; ++i) {
    append(task("train").attempt(1).log(),
           record(2 * i, "t" + std::to_string(i), i % 100 == 50 ? "error" : "info"));
    append(task("eval").attempt(1).log(), record(2 * i + 1, "e" + std::to_string(i)));
  }
  request_.filter.levels = {"error"};
  EXPECT_EQ(texts(page()), (Texts{"t50", "t150", "t250"}));
  clock_.set_step(Duration(90));
  EXPECT_EQ(all_pages(), (Texts{"t50", "t150", "t250"}));
  request_.filter.levels.clear();
  request_.filter.text = SearchText{"^e29[0-9]$", true, false};
  EXPECT_EQ(all_pages().size(), 10U);
}

TEST_F(LogMerge, ASearchSaysWhereInEachLine) {
  append(task("train").attempt(1).log(), record(10, "loss is NaN, nan") + record(30, "fine"));
  append(task("eval").attempt(1).log(), record(20, "\u00e9 nan"));
  request_.filter.text = SearchText{"nan", false, true};
  request_.searches = true;
  const auto found = page();
  EXPECT_EQ(texts(found), (Texts{"loss is NaN, nan", "\u00e9 nan"}));
  EXPECT_EQ(json::serialize(found.at("items").at(0).at("columns")), "[[8,11],[13,16]]");
  EXPECT_EQ(json::serialize(found.at("items").at(1).at("columns")), "[[2,5]]");
  request_.searches = false;
  EXPECT_FALSE(page().at("items").at(0).as_object().contains("columns"));
}

TEST_F(LogMerge, DamagedLinesAndCursorsDoNoHarm) {
  append(task("train").attempt(1).log(),
         record(10, "a") + "no record\n\n{\"time\":5}\n" + record(30, "d"));
  append(task("eval").attempt(1).log(), record(20, "c"));
  EXPECT_EQ(texts(page()), (Texts{"a", "no record", "", "", "c", "d"}));
  request_.backwards = true;
  EXPECT_EQ(texts(page()).back(), "d");
  EXPECT_EQ(texts(page()).size(), 6U);
  for (const char* wrong : {"x", "a b c d", "a b 1", "a b 1 -1", "a b 1 2 3"}) {
    request_.cursor = wrong;
    EXPECT_FALSE(merged_log_page(clock_, request_).ok()) << wrong;
  }
  for (const char* odd : {"2026-11-23T10:46:05.120Z gone 7 99", " train 1 999999", "~ train 1 3"}) {
    request_.cursor = odd;
    EXPECT_TRUE(merged_log_page(clock_, request_).ok()) << odd;
  }
  put(folder_ / "sentinel", record(1, "secret"));
  fs::create_directories(task("sow").attempt(1).root);
  fs::create_symlink(folder_ / "sentinel", task("sow").attempt(1).log());
  request_.cursor.clear();
  EXPECT_EQ(page().at("left_out"), json::value(1));
  EXPECT_EQ(texts(page()).size(), 6U);
}

}  // namespace
}  // namespace cairn
