#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <fstream>
#include <limits>
#include <span>
#include <sstream>

#include "core/sdk/runtime/attempt_context.h"
#include "core/sdk/testing/manual_clock.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Runtime : public ::testing::Test {
 protected:
  Runtime() : folder_(make_private_folder(fs::temp_directory_path(), "runtime-").value()) {}
  ~Runtime() override { fs::remove_all(folder_); }

  static std::function<Result<void>(const fs::path&)> writes(const std::string& text) {
    return [text](const fs::path& folder) -> Result<void> {
      fs::create_directory(folder / "deep");
      std::ofstream(folder / "deep/state") << text;
      std::ofstream(folder / "empty").flush();
      return {};
    };
  }
  static std::string read(const fs::path& path) { return real_file_system().read(path).value(); }

  std::unique_ptr<AttemptContext> open(int attempt, std::uint64_t log_limit = kLogLimit,
                                       std::span<const MetricRule> rules = {}) {
    AttemptContext::Settings settings;
    settings.rules = rules;
    settings.task.root = folder_ / "task";
    settings.attempt = attempt;
    settings.log_limit = log_limit;
    return std::make_unique<AttemptContext>(files_, clock_, settings, nullptr);
  }

  FileSystem& files_ = real_file_system();
  testing::ManualClock clock_;
  fs::path folder_;
};

TEST_F(Runtime, KeepsTheTwoNewestCheckpoints) {
  CheckpointFolder checkpoints(files_, folder_);
  for (const int step : {9, 10, 100})
    ASSERT_TRUE(checkpoints.save(step, writes(std::to_string(step))).ok());
  EXPECT_THAT(checkpoints.steps().value(), ElementsAre(10, 100));
  const auto newest = checkpoints.newest().value();
  ASSERT_TRUE(newest.checkpoint);
  EXPECT_EQ(newest.checkpoint->step, 100);
  EXPECT_EQ(read(newest.checkpoint->folder / "deep/state"), "100");
  EXPECT_TRUE(newest.damaged.empty());
}

TEST_F(Runtime, AFailedSaveLeavesTheOldCheckpointsAlone) {
  CheckpointFolder checkpoints(files_, folder_);
  ASSERT_TRUE(checkpoints.save(1, writes("one")).ok());
  const auto failed = checkpoints.save(2, [](const fs::path& folder) -> Result<void> {
    std::ofstream(folder / "half") << "half";
    return invalid_argument("no");
  });
  EXPECT_FALSE(failed.ok());
  EXPECT_THAT(checkpoints.steps().value(), ElementsAre(1));
  ASSERT_TRUE(checkpoints.save(2, writes("two")).ok());
  EXPECT_FALSE(fs::exists(folder_ / "2/half"));
}

TEST_F(Runtime, AnEarlierStepLeavesTheLaterCourse) {
  CheckpointFolder checkpoints(files_, folder_);
  ASSERT_TRUE(checkpoints.save(5, writes("a")).ok());
  ASSERT_TRUE(checkpoints.save(8, writes("b")).ok());
  ASSERT_TRUE(checkpoints.save(5, writes("c")).ok());
  EXPECT_THAT(checkpoints.steps().value(), ElementsAre(5));
  EXPECT_EQ(read(folder_ / "5/deep/state"), "c");
}

// Every kind of damage to the newest checkpoint: named, put aside, the one before it used.
TEST_F(Runtime, DamagedCheckpointsAreNamedAndSkipped) {
  const std::vector<std::function<void(const fs::path&)>> damages = {
      [](const fs::path& at) { std::ofstream(at / "deep/state") << "twO"; },
      [](const fs::path& at) { fs::resize_file(at / "deep/state", 1); },
      [](const fs::path& at) { fs::remove(at / "empty"); },
      [](const fs::path& at) { fs::remove(at / "manifest.json"); },
      [](const fs::path& at) { fs::resize_file(at / "manifest.json", 20); },
      [](const fs::path& at) { std::ofstream(at / "more") << "?"; },
      [](const fs::path& at) {
        std::string text = read(at / "manifest.json");
        text.replace(text.find("\"step\": 2"), 9, "\"step\": 3");
        std::ofstream(at / "manifest.json") << text;
      },
  };
  for (std::size_t i = 0; i < damages.size(); ++i) {
    const fs::path folder = folder_ / std::to_string(i);
    CheckpointFolder checkpoints(files_, folder);
    ASSERT_TRUE(checkpoints.save(1, writes("one")).ok());
    ASSERT_TRUE(checkpoints.save(2, writes("two")).ok());
    damages[i](folder / "2");
    const auto newest = checkpoints.newest().value();
    ASSERT_TRUE(newest.checkpoint) << i;
    EXPECT_EQ(newest.checkpoint->step, 1) << i;
    ASSERT_EQ(newest.damaged.size(), 1u) << i;
    EXPECT_THAT(newest.damaged[0].message, HasSubstr((folder / "2").string()));
    EXPECT_THAT(checkpoints.steps().value(), ElementsAre(1)) << i;
  }
}

TEST_F(Runtime, MemoAsksOnceAndAnswersTheSameInEveryAttempt) {
  int asked = 0;
  const auto question = [&]() -> Result<json::value> {
    ++asked;
    return json::value(json::object{{"number", 0.1 + 0.2}});
  };
  const json::value first = open(1)->memo("key", question).value();
  const json::value again = open(2)->memo("key", question).value();
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(first, again);
  auto context = open(3);
  const auto failing = [] { return Result<json::value>(invalid_argument("no answer")); };
  EXPECT_FALSE(context->memo("other", failing).ok());
  EXPECT_TRUE(context->memo("other", question).ok()) << "a failure is no answer";
}

TEST_F(Runtime, MemoCutAtEveryByteLosesAtMostItsLastAnswers) {
  const fs::path path = folder_ / "memo.jsonl";
  {
    auto memo = MemoFile::open(files_, path).value();
    ASSERT_TRUE(memo.add("a", 1).ok());
    ASSERT_TRUE(memo.add("b", "two").ok());
  }
  const std::string whole = read(path);
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    ASSERT_TRUE(files_.write_atomic(path, whole.substr(0, cut)).ok());
    auto memo = MemoFile::open(files_, path);
    ASSERT_TRUE(memo.ok()) << cut;
    EXPECT_EQ(memo->find("b") != nullptr, cut == whole.size());
    ASSERT_TRUE(memo->add("c", 3).ok());
    EXPECT_NE(MemoFile::open(files_, path)->find("c"), nullptr) << cut;
  }
  ASSERT_TRUE(files_.write_atomic(path, "not json\n" + whole).ok());
  EXPECT_EQ(MemoFile::open(files_, path).error().code, ErrorCode::kCorrupt);
}

TEST_F(Runtime, LogsKeepTheirHeadAndTheirTail) {
  auto context = open(1, 10'000);
  for (int i = 0; i < 1000; ++i) context->info("message " + std::to_string(i));
  ASSERT_TRUE(context->close().ok());
  const std::string log = read(context->folder().log());
  EXPECT_LE(log.size(), 10'000u);
  EXPECT_THAT(log, HasSubstr("\"message 0\""));
  EXPECT_THAT(log, HasSubstr("\"message 999\""));
  EXPECT_THAT(log, HasSubstr("left out here"));
  std::istringstream lines(log);
  for (std::string line; std::getline(lines, line);)
    EXPECT_TRUE(parse_json_object(line).ok()) << line;
}

TEST_F(Runtime, WritesMetricsAndLogsAsJsonLines) {
  auto context = open(1);
  context->metric("loss", 3, 0.5);
  context->runtime_metric("seconds", 3, 1.5);
  context->metric("odd", 4, std::numeric_limits<double>::quiet_NaN());
  context->log(LogLevel::kWarning, "bad byte \xff here");
  context->progress(3, 10, "steps");
  const auto status = context->status();  // writes them
  EXPECT_EQ(read(context->folder().metrics()),
            "{\"name\":\"loss\",\"step\":3,\"value\":5E-1}\n"
            "{\"name\":\"seconds\",\"step\":3,\"value\":1.5E0,\"runtime\":true}\n"
            "{\"name\":\"odd\",\"step\":4,\"value\":\"NaN\"}\n");
  const auto line = parse_json_object(read(context->folder().log())).value();
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("time"), "2026-01-01T00:00:00.000Z");
  EXPECT_EQ(status.done, 3u);
  EXPECT_EQ(status.last_metrics.at("loss"), 0.5);
  EXPECT_TRUE(std::isnan(status.last_metrics.at("odd")));
  EXPECT_EQ(status.metric_bytes, fs::file_size(context->folder().metrics()));
}

TEST_F(Runtime, NumbersAreWrittenAsJsonWritesThemAndReadBackToTheLastBit) {
  std::vector<double> values{0.0,
                             -0.0,
                             1.0,
                             -1.5,
                             100.0,
                             1e21,
                             1e22,
                             1e23,
                             0.1 + 0.2,
                             1e-5,
                             1e-7,
                             5e-324,
                             1.7976931348623157e308,
                             123456789.125};
  RandomStream random(3, "numbers");
  while (values.size() < 20'000) {
    const double value = std::bit_cast<double>(random.next());
    if (std::isfinite(value)) values.push_back(value);
  }
  for (const double value : values) {
    std::string text;
    append_number(value, text);
    ASSERT_EQ(text, json::serialize(json::value(value)));
    ASSERT_EQ(std::bit_cast<std::uint64_t>(parse_json(text)->as_double()),
              std::bit_cast<std::uint64_t>(value))
        << text;
  }
}

TEST_F(Runtime, WhatSaysNothingLeavesNothing) {
  auto context = open(1);
  context->progress(1, 2, "steps");
  EXPECT_FALSE(context->latest_checkpoint()->has_value());
  EXPECT_EQ(context->status().log_bytes, 0u);
  ASSERT_TRUE(context->close().ok());
  context->remove_empty_folders();
  EXPECT_TRUE(fs::is_empty(folder_));

  context = open(2);
  EXPECT_TRUE(fs::is_empty(context->temp_dir()));
  std::ofstream(context->temp_dir() / "file") << "x";
  ASSERT_TRUE(context->make_out().ok());
  ASSERT_TRUE(context->close().ok());
  context->remove_empty_folders();
  EXPECT_FALSE(context->has_folder());
  EXPECT_TRUE(fs::is_empty(folder_));
}

TEST_F(Runtime, WhatAnEarlierUseLeftIsRemoved) {
  const AttemptFolder folder = open(1)->folder();
  for (const fs::path& path : {folder.out(), folder.tmp()}) {
    fs::create_directories(path);
    std::ofstream(path / "old") << "x";
  }
  auto context = open(1);
  EXPECT_TRUE(fs::is_empty(context->temp_dir()));
  ASSERT_TRUE(context->make_out().ok());
  EXPECT_TRUE(fs::is_empty(folder.out()));
}

TEST_F(Runtime, ACheckpointBringsItsMetricsToTheFile) {
  auto context = open(1);
  context->metric("loss", 1, 2);
  EXPECT_FALSE(fs::exists(context->folder().metrics()));
  ASSERT_TRUE(context->save_checkpoint(1, writes("one")).ok());
  EXPECT_THAT(read(context->folder().metrics()), HasSubstr("\"loss\""));
}

TEST_F(Runtime, ManyMetricsAreWrittenOnTheWay) {
  auto context = open(1);
  for (int step = 0; step < 5000; ++step) context->metric("loss", step, step * 0.1);
  EXPECT_GT(fs::file_size(context->folder().metrics()), 64u << 10);
  ASSERT_TRUE(context->close().ok());
  std::istringstream lines(read(context->folder().metrics()));
  int step = 0;
  for (std::string line; std::getline(lines, line); ++step) {
    const auto object = parse_json_object(line).value();
    ASSERT_EQ(object.at("step"), step);
    ASSERT_EQ(object.at("value").as_double(), step * 0.1);
  }
  EXPECT_EQ(step, 5000);
}

TEST_F(Runtime, AWatchdogCountsPointsInARow) {
  using When = MetricRule::When;
  const std::vector<MetricRule> rules{{"entropy", When::kBelow, 0.5, 2},
                                      {"loss", When::kNotFinite, 0, 1}};
  auto context = open(1, kLogLimit, rules);
  context->metric("entropy", 1, 0.4);
  context->metric("entropy", 2, 0.6);
  context->metric("entropy", 3, 0.4);
  context->runtime_metric("entropy", 4, 0.1);
  context->metric("loss", 4, 1e300);
  EXPECT_FALSE(context->alarm());
  EXPECT_FALSE(context->cancelled());
  context->metric("entropy", 5, 0.3);
  ASSERT_TRUE(context->alarm());
  EXPECT_TRUE(context->cancelled());
  EXPECT_EQ(context->alarm()->rule, 0u);
  EXPECT_EQ(context->alarm()->step, 3);
  EXPECT_EQ(context->alarm()->value, 0.3);
  EXPECT_EQ(
      context->alarm()->message,
      "a watchdog stopped the stage: metric 'entropy' is 0.3, which is below 0.5, at 2 points "
      "in a row, from step 3 on");
  context->metric("loss", 6, std::numeric_limits<double>::infinity());
  EXPECT_EQ(context->alarm()->rule, 0u) << "the first counts";

  context = open(2, kLogLimit, rules);
  context->metric("loss", 6, -std::numeric_limits<double>::infinity());
  EXPECT_EQ(
      context->alarm()->message,
      "a watchdog stopped the stage: metric 'loss' is -Infinity, which is not finite, at step 6");

  context = open(3, kLogLimit, rules);
  context->request_stop();
  context->metric("loss", 6, std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(context->alarm()) << "it was stopped for another reason";
}

TEST_F(Runtime, ProgressThatGoesBackIsIgnoredAndSaidOnce) {
  auto context = open(1);
  for (const std::uint64_t done : {1, 7, 3, 2}) context->progress(done, 10, "steps");
  EXPECT_EQ(context->status().done, 7u);
  context->progress(8, 10, "steps");
  EXPECT_EQ(context->status().done, 8u);
  const std::string log = read(context->folder().log());
  EXPECT_EQ(std::count(log.begin(), log.end(), '\n'), 1) << log;
  EXPECT_THAT(log, HasSubstr("progress went back from 7 to 3, which is ignored"));
  // The next part of the work.
  context->progress(1, 10, "samples");
  EXPECT_EQ(context->status().done, 1u);
  context->progress(0, 20, "samples");
  EXPECT_EQ(context->status().done, 0u);
}

TEST_F(Runtime, WhatIsNoTextIsMadeText) {
  auto context = open(1);
  context->metric("metric \xc3\x28", 0, 1);
  context->progress(1, 2, "unit \xa0");
  const auto status = context->status();
  EXPECT_EQ(status.unit, "unit \xef\xbf\xbd");
  EXPECT_EQ(status.last_metrics.begin()->first, "metric \xef\xbf\xbd(");
  EXPECT_TRUE(parse_json_object(read(context->folder().metrics())).ok());
}

TEST_F(Runtime, PausesAtAStep) {
  auto context = open(1);
  context->pause_at(3);
  context->progress(2, 0, "");
  EXPECT_FALSE(context->cancelled());
  context->progress(3, 0, "");
  EXPECT_TRUE(context->cancelled());
  context->pause_at(std::nullopt);
  EXPECT_FALSE(context->cancelled());
  context->pause_at(5);
  ASSERT_TRUE(context->save_checkpoint(5, writes("five")).ok());
  EXPECT_TRUE(context->cancelled());
}

// A program that runs ahead of the request to stop does not move the place it goes on from.
TEST_F(Runtime, APauseGoesOnFromItsFirstCheckpoint) {
  auto context = open(1);
  context->pause_at(20);
  ASSERT_TRUE(context->save_checkpoint(15, writes("a")).ok());
  ASSERT_TRUE(context->save_checkpoint(20, writes("b")).ok());
  EXPECT_EQ(context->save_checkpoint(25, writes("c")).error().code, ErrorCode::kCancelled);
  context->pause_at(std::nullopt);
  EXPECT_EQ(context->latest_checkpoint().value()->step, 20);
  EXPECT_TRUE(context->save_checkpoint(25, writes("d")).ok());
}

TEST_F(Runtime, ATokenTellsWhoWaits) {
  auto context = open(1);
  context->pause_at(3);
  const std::stop_token paused = context->stop_token();
  int called = 0;
  const std::stop_callback callback(paused, [&] { ++called; });
  context->progress(3, 0, "");
  EXPECT_TRUE(paused.stop_requested());
  EXPECT_EQ(called, 1);
  context->pause_at(std::nullopt);
  const std::stop_token next = context->stop_token();
  EXPECT_FALSE(next.stop_requested());
  context->request_stop();
  EXPECT_TRUE(next.stop_requested());
  EXPECT_TRUE(context->stop_token().stop_requested());
}

// The second part of a fork finds an empty folder, as a stage always does.
TEST_F(Runtime, WhatBeginsAnewFindsAnEmptyTemporaryFolder) {
  auto context = open(1);
  context->pause_at(3);
  std::ofstream(context->temp_dir() / "left") << "x";
  context->pause_at(std::nullopt);
  EXPECT_TRUE(fs::is_empty(context->temp_dir()));
}

TEST_F(Runtime, ALogLineHasFields) {
  auto context = open(1);
  context->hide({"opensesame"});
  context->info("said", {{"word", "opensesame"}, {"count", 2}});
  ASSERT_TRUE(context->close().ok());
  const std::string log = files_.read(context->folder().log()).value();
  EXPECT_THAT(log, HasSubstr(R"("message":"said","fields":{"word":"***","count":2})"));
}

// What a roll back goes to was saved before the alarm; a stage that goes on for a while takes
// nothing of it away.
TEST_F(Runtime, NothingIsSavedBehindAnAlarm) {
  const std::vector<MetricRule> rules = {{"loss", MetricRule::When::kAbove, 10, 1}};
  auto context = open(1, kLogLimit, rules);
  ASSERT_TRUE(context->save_checkpoint(5, writes("good")).ok());
  context->metric("loss", 6, 11);
  for (const int step : {6, 7}) {
    const auto saved = context->save_checkpoint(step, writes("bad"));
    ASSERT_FALSE(saved.ok());
    EXPECT_EQ(saved.error().code, ErrorCode::kCancelled);
  }
  EXPECT_THAT(context->checkpoints().steps().value(), ElementsAre(5));
}

TEST_F(Runtime, CheckpointsOfLaterStepsCanBeRemoved) {
  CheckpointFolder checkpoints(files_, folder_, 5);
  for (const int step : {1, 5, 8}) ASSERT_TRUE(checkpoints.save(step, writes("x")).ok());
  ASSERT_TRUE(checkpoints.remove_after(5).ok());
  EXPECT_THAT(checkpoints.steps().value(), ElementsAre(1, 5));
  ASSERT_TRUE(checkpoints.remove_after(0).ok());
  EXPECT_THAT(checkpoints.steps().value(), ElementsAre());
}

TEST_F(Runtime, SecretsAreTakenOutOfWhatItSays) {
  auto context = open(1);
  context->hide({"opensesame", "abc"});
  context->info("say opensesame, not abc");
  context->metric("opensesame", 1, 2);
  context->output("x open");
  context->output("sesame y opens");
  ASSERT_TRUE(context->close().ok());
  EXPECT_THAT(read(context->folder().log()), HasSubstr("say ***, not abc"));
  EXPECT_EQ(read(context->folder().metrics()), "{\"name\":\"***\",\"step\":1,\"value\":2E0}\n");
  EXPECT_EQ(read(context->folder().output_log()), "x *** y opens");
}

std::string base64(const std::string& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i)
      group = group << 8 | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    for (std::size_t i = 0; i < 4; ++i)
      text += at + i <= bytes.size() ? kDigits[group >> (18 - 6 * i) & 63U] : '=';
  }
  return text;
}

// As it goes into a header, into a URL and its user information, and into a dump.
TEST(Redaction, KnowsHowASecretIsSpeltElsewhere) {
  const std::string secret = "p@ss/w:rd+1 \xc3\xa9?>~";
  const Redactor redactor({secret});
  for (const std::string before : {"", "u", "us", "user:", "a longer name:"}) {
    for (const std::string after : {"", "x", "xy", "and more"}) {
      std::string text = base64(before + secret + after);
      EXPECT_THAT(redactor.redacted(text), HasSubstr("***")) << text;
      std::replace(text.begin(), text.end(), '+', '-');
      std::replace(text.begin(), text.end(), '/', '_');
      EXPECT_THAT(redactor.redacted(text), HasSubstr("***")) << text;
    }
  }
  for (const char* text :
       {"p%40ss%2Fw%3Ard%2B1%20%C3%A9%3F%3E~", "p%40ss%2fw%3ard%2b1%20%c3%a9%3f%3e~",
        "p%40ss%2Fw%3Ard%2B1+%C3%A9%3F%3E%7E", "p%40ss%2Fw%3Ard+1%20%C3%A9%3F%3E~",
        "704073732f773a72642b3120c3a93f3e7e", "704073732F773A72642B3120C3A93F3E7E"})
    EXPECT_EQ(redactor.redacted("https://user:" + std::string(text) + "@host/"),
              "https://user:***@host/");
  EXPECT_EQ(redactor.redacted("p@ss, other words"), "p@ss, other words");
}

// However a text is cut into pieces, what comes out is what comes out of the whole.
TEST(Redaction, DoesNotDependOnPieces) {
  const Redactor redactor({"abab", "ababcc", "secret"});
  const std::string text = "abababab ababc ababcc secsecret secre ab";
  const std::string expected = redactor.redacted(text);
  EXPECT_EQ(expected, "****** ***c *** sec*** secre ab");
  for (std::size_t first = 0; first <= text.size(); ++first) {
    for (std::size_t second = first; second <= text.size(); ++second) {
      RedactedStream stream(redactor);
      const std::string_view view(text);
      std::string out = stream.add(view.substr(0, first));
      out += stream.add(view.substr(first, second - first));
      out += stream.add(view.substr(second));
      ASSERT_EQ(out + stream.finish(), expected) << first << ' ' << second;
    }
  }
}

}  // namespace
}  // namespace cairn
