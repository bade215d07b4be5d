#include "plugins/exec/protocol.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <cmath>

#include "core/base/random.h"
#include "plugins/exec/saved_state.h"

namespace cairn::exec {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

template <typename T>
T parsed(std::string_view line) {
  auto message = parse_message(line);
  if (!message.ok()) {
    ADD_FAILURE() << line << ": " << message.error().message;
    return {};
  }
  if (const T* found = std::get_if<T>(&*message)) return *found;
  ADD_FAILURE() << line << " was read as something else";
  return {};
}

std::string refusal(std::string_view line) {
  const auto message = parse_message(line);
  return message.ok() ? "accepted" : message.error().message;
}

TEST(ExecProtocol, ReadsEveryMessage) {
  const auto progress = parsed<Progress>(R"({"type":"progress","done":3,"total":9,"unit":"rows"})");
  EXPECT_EQ(progress.done, 3U);
  EXPECT_EQ(progress.total, 9U);
  EXPECT_EQ(progress.unit, "rows");

  const auto metric =
      parsed<Metric>(R"({"type":"metric","name":"loss","step":4,"value":0.1,"runtime":true})");
  EXPECT_EQ(metric.name, "loss");
  EXPECT_EQ(metric.step, 4);
  EXPECT_EQ(metric.value, 0.1);
  EXPECT_TRUE(metric.runtime);

  const auto log = parsed<LogMessage>(R"({"type":"log","level":"warning","message":"ä"})");
  EXPECT_EQ(log.level, LogLevel::kWarning);
  EXPECT_EQ(log.message, "ä");

  const auto saved =
      parsed<SaveCheckpoint>(R"({"type":"checkpoint","step":2,"state":{"a":[1]},"folder":"f"})");
  EXPECT_EQ(saved.step, 2);
  EXPECT_EQ(saved.state, (json::value{{"a", json::array{1}}}));
  EXPECT_EQ(saved.folder, "f");

  EXPECT_FALSE(parsed<Memo>(R"({"type":"memo","key":"k"})").value);
  EXPECT_EQ(parsed<Memo>(R"({"type":"memo","key":"k","value":null})").value, json::value());
  EXPECT_EQ(parsed<Reason>(R"({"type":"error","message":"why"})").message, "why");
}

TEST(ExecProtocol, WhatMayBeLeftOutHasADefaultAndWhatIsUnknownIsLeftAlone) {
  const auto progress = parsed<Progress>(R"({"type":"progress","done":1,"total":null,"new":[]})");
  EXPECT_EQ(progress.total, 0U);
  EXPECT_EQ(progress.unit, "");
  EXPECT_FALSE(parsed<Metric>(R"({"type":"metric","name":"m","step":1,"value":2})").runtime);
  EXPECT_EQ(parsed<LogMessage>(R"({"type":"log","message":"m"})").level, LogLevel::kInfo);
  const auto saved = parsed<SaveCheckpoint>(" {\"type\":\"checkpoint\",\"step\":0} \r");
  EXPECT_TRUE(saved.state.is_null());
  EXPECT_FALSE(saved.folder);
}

TEST(ExecProtocol, MetricsThatAreNotFiniteStandInStrings) {
  const auto value = [](const std::string& text) {
    return parsed<Metric>(R"({"type":"metric","name":"m","step":1,"value":")" + text + "\"}").value;
  };
  EXPECT_TRUE(std::isnan(value("NaN")));
  EXPECT_EQ(value("Infinity"), HUGE_VAL);
  EXPECT_EQ(value("-Infinity"), -HUGE_VAL);
}

struct Refused {
  const char* line;
  const char* why;
};

const Refused kRefused[] = {
    {"", "one JSON object"},
    {"hello", "one JSON object"},
    {R"({"type":"progress","done":1)", "one JSON object"},
    {R"({"type":"progress","done":1} {})", "one JSON object"},
    {R"({"type":"metric","name":"m","step":1,"value":NaN})", "no NaN"},
    {R"({"type":"metric","name":"m","step":1,"value":-Infinity})", "no NaN or Infinity"},
    {R"({"type":"metric","name":"m","step":1,"value":1e999})", "too large"},
    {R"({"type":"checkpoint","step":1,"state":[{"x":-1e999}]})", "too large"},
    {"[1]", "a JSON object"},
    {"{}", "'type' is missing"},
    {R"({"type":7})", "'type' should be a string"},
    {R"({"type":"progres","done":1})", "did you mean 'progress'?"},
    {R"({"type":"start"})", "'type' should be one of progress, metric, log, checkpoint, memo"},
    {R"({"type":"progress"})", "progress: 'done' is missing"},
    {R"({"type":"progress","done":-1})", "'done' should be an unsigned integer"},
    {R"({"type":"progress","done":1.5})", "'done' should be an unsigned integer"},
    {R"({"type":"progress","done":1,"unit":5})", "'unit' should be a string"},
    {R"({"type":"metric","name":"","step":1,"value":1})", "'name' should not be empty"},
    {R"({"type":"metric","name":"m","step":"1","value":1})", "'step' should be an integer"},
    {R"({"type":"metric","name":"m","step":1,"value":"high"})", "'value' should be a number"},
    {R"({"type":"metric","name":"m","step":1})", "'value' is missing"},
    {R"({"type":"metric","name":"m","step":1,"value":1,"runtime":1})", "'runtime' should be"},
    {R"({"type":"log","level":"loud","message":"m"})", "'level' should be one of"},
    {R"({"type":"log","level":"info"})", "'message' is missing"},
    {R"({"type":"checkpoint","state":1})", "'step' is missing"},
    {R"({"type":"checkpoint","step":-1})", "'step' should not be negative"},
    {R"({"type":"checkpoint","step":18446744073709551615})", "'step' should be an integer"},
    {R"({"type":"checkpoint","step":1,"folder":[]})", "'folder' should be a string"},
    {R"({"type":"memo","value":1})", "'key' is missing"},
    {R"({"type":"memo","key":""})", "'key' should not be empty"},
    {R"({"type":"error"})", "'message' is missing"},
    {"{\"type\":\"log\",\"message\":\"\xff\"}", "UTF-8"},
};

TEST(ExecProtocol, SaysWhatItExpected) {
  for (const auto& [line, why] : kRefused) EXPECT_THAT(refusal(line), HasSubstr(why)) << line;
}

TEST(ExecProtocol, DepthHasALimit) {
  EXPECT_THAT(refusal(R"({"type":"checkpoint","step":1,"state":)" + std::string(1000, '[')),
              HasSubstr("one JSON object"));
}

TEST(ExecProtocol, ARefusalRepeatsNothingOfTheLine) {
  for (const char* line : {R"({"type":"hunter2"})", R"({"type":"log","level":"hunter2"})",
                           R"({"type":"progress","done":"hunter2"})", "hunter2"})
    EXPECT_THAT(refusal(line), Not(HasSubstr("hunter2"))) << line;
}

TEST(ExecProtocol, ABadLineIsShownShortAndPrintable) {
  const std::string message =
      bad_line(12, "expected X", "\x1b[31m\n" + std::string(5000, 'a')).to_string();
  EXPECT_THAT(message,
              AllOf(HasSubstr("line 12"), HasSubstr("expected X"), HasSubstr("\\x1b[31m\\x0aaaa"),
                    HasSubstr("(5006 bytes)"), HasSubstr("docs/exec.md"), Not(HasSubstr("\x1b"))));
  EXPECT_LT(message.size(), 500U);
}

TEST(ExecProtocol, LinesAreTheSameWhateverThePieces) {
  const std::string text = "one\n\ntwo\nthree";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    LineReader reader;
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < text.size(); at += piece) {
      reader.add(std::string_view(text).substr(at, piece));
      for (;;) {
        const auto line = reader.next();
        ASSERT_TRUE(line.ok());
        if (!*line) break;
        lines.emplace_back(**line);
      }
    }
    EXPECT_THAT(lines, ::testing::ElementsAre("one", "", "two")) << piece;
    EXPECT_EQ(reader.number(), 3);
    EXPECT_EQ(reader.rest(), "three");
  }
}

TEST(ExecProtocol, ALineEndsWithinOneMebibyte) {
  LineReader reader;
  reader.add(std::string(kMaxLine, 'x'));
  EXPECT_TRUE(reader.next().ok());
  reader.add("\n");
  EXPECT_EQ((*reader.next())->size(), kMaxLine);
  reader.add(std::string(kMaxLine + 1, 'x'));
  EXPECT_FALSE(reader.next().ok());
  EXPECT_EQ(reader.number(), 2);

  LineReader whole;
  whole.add(std::string(kMaxLine + 1, 'x') + "\n");
  EXPECT_FALSE(whole.next().ok());
}

TEST(ExecProtocol, TheStartHoldsWhatTheProgramNeeds) {
  Start start;
  start.params = {{"steps", 5}};
  start.inputs["rows"] = {"/in/a", "/in/b"};
  start.outputs["kept"] = "/out/kept";
  start.temp_dir = "/tmp/t";
  start.work_dir = "/tmp/w";
  start.seed = 18446744073709551615U;
  start.resources = {2, 1 << 20, 1};
  start.checkpoint = Start::Resume{7, {{"done", 3}}, fs::path("/c/files")};
  const std::string line = start_line(start);
  EXPECT_EQ(line.back(), '\n');
  EXPECT_EQ(json::parse(line), json::parse(R"({"type":"start","protocol":1,"params":{"steps":5},
    "inputs":{"rows":["/in/a","/in/b"]},"outputs":{"kept":"/out/kept"},"temp_dir":"/tmp/t",
    "work_dir":"/tmp/w","seed":"18446744073709551615","derived_seed":")" +
                                           std::to_string(derive_seed(start.seed, "exec")) +
                                           R"(","attempt":1,
    "resources":{"cpus":2,"memory_bytes":1048576,"gpus":1},
    "checkpoint":{"step":7,"state":{"done":3},"folder":"/c/files"}})"));
  start.checkpoint.reset();
  EXPECT_TRUE(json::parse(start_line(start)).as_object().at("checkpoint").is_null());
}

TEST(ExecProtocol, AnswersAreOneLineEach) {
  EXPECT_EQ(saved_line(3), "{\"type\":\"saved\",\"step\":3}\n");
  EXPECT_EQ(cancel_line(), "{\"type\":\"cancel\"}\n");
  EXPECT_EQ(memo_line("a\nb", std::nullopt),
            "{\"type\":\"memo\",\"key\":\"a\\nb\",\"known\":false,\"value\":null}\n");
  EXPECT_EQ(memo_line("k", json::value(4)),
            "{\"type\":\"memo\",\"key\":\"k\",\"known\":true,\"value\":4}\n");
}

class SavedState : public ::testing::Test {
 protected:
  SavedState() : root_(make_private_folder(fs::temp_directory_path(), "cairn-exec-").value()) {
    fs::create_directories(root_ / "temp/model");
    fs::create_directories(root_ / "checkpoint");
    fs::create_directories(root_ / "outside");
  }
  ~SavedState() override { fs::remove_all(root_); }
  fs::path root_;
};

TEST_F(SavedState, FoldersBelowTheTemporaryOneAreFoundHoweverTheyAreNamed) {
  const fs::path temp = root_ / "temp";
  fs::create_directory_symlink(root_ / "outside", temp / "link");
  const std::vector<std::string> good{"model", "./model/", (temp / "model").string(),
                                      "model/../model"};
  for (const auto& name : good)
    EXPECT_EQ(folder_below(temp, name).value(), fs::canonical(temp / "model")) << name;
  const std::vector<std::string> bad{
      "", ".", "..", "../outside", "link", "absent", (root_ / "outside").string(), "/"};
  for (const auto& name : bad) EXPECT_FALSE(folder_below(temp, name).ok()) << name;
}

TEST_F(SavedState, FilesAreMovedAndComeBackWithTheState) {
  const fs::path from = root_ / "temp/model";
  fs::create_directory(from / "deep");
  ASSERT_TRUE(real_file_system().write_atomic(from / "deep/weights", "w").ok());
  ASSERT_TRUE(write_state({{"step", 1}}, from, root_ / "checkpoint").ok());
  EXPECT_TRUE(fs::is_empty(from));
  const auto resume = read_state({5, root_ / "checkpoint"}).value();
  EXPECT_EQ(resume.step, 5);
  EXPECT_EQ(resume.state, (json::value{{"step", 1}}));
  EXPECT_EQ(real_file_system().read(*resume.folder / "deep/weights").value(), "w");
}

TEST_F(SavedState, FilesMayComeFromAnotherFileSystem) {
  const fs::path other = fs::exists("/dev/shm") ? "/dev/shm" : root_;
  const fs::path from = make_private_folder(other, "cairn-exec-").value();
  fs::create_directory(from / "deep");
  ASSERT_TRUE(real_file_system().write_atomic(from / "deep/weights", "w").ok());
  ASSERT_TRUE(write_state({}, from, root_ / "checkpoint").ok());
  EXPECT_TRUE(fs::is_empty(from));
  fs::remove(from);
  EXPECT_TRUE(fs::exists(root_ / "checkpoint/files/deep/weights"));
}

TEST_F(SavedState, MayHoldNothing) {
  ASSERT_TRUE(write_state({}, {}, root_ / "checkpoint").ok());
  const auto resume = read_state({0, root_ / "checkpoint"}).value();
  EXPECT_TRUE(resume.state.is_null());
  EXPECT_FALSE(resume.folder);
}

}  // namespace
}  // namespace cairn::exec
