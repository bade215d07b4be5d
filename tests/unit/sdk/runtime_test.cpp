#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <limits>

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

  std::unique_ptr<AttemptContext> open(int attempt, std::uint64_t log_limit = kLogLimit) {
    AttemptContext::Settings settings;
    settings.task.root = folder_ / "task";
    settings.attempt = attempt;
    settings.log_limit = log_limit;
    return AttemptContext::open(files_, clock_, settings, {}).value();
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
  EXPECT_EQ(read(context->folder().metrics()),
            "{\"name\":\"loss\",\"step\":3,\"value\":5E-1}\n"
            "{\"name\":\"seconds\",\"step\":3,\"value\":1.5E0,\"runtime\":true}\n"
            "{\"name\":\"odd\",\"step\":4,\"value\":\"NaN\"}\n");
  const auto line = parse_json_object(read(context->folder().log())).value();
  EXPECT_EQ(line.at("level"), "warning");
  EXPECT_EQ(line.at("time"), "2026-01-01T00:00:00.000Z");
  const auto status = context->status();
  EXPECT_EQ(status.done, 3u);
  EXPECT_EQ(status.last_metrics.at("loss"), 0.5);
  EXPECT_TRUE(std::isnan(status.last_metrics.at("odd")));
  EXPECT_EQ(status.metric_bytes, fs::file_size(context->folder().metrics()));
}

}  // namespace
}  // namespace cairn
