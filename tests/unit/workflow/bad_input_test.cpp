// Hostile files: each must end with a clear error, soon and in little memory. The check runs in a
// child, so that its peak memory is its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using testing::TempFolder;

struct Outcome {
  std::string text;
  double seconds = 0;  // of CPU: other work of the machine does not count
  long peak_kib = 0;
};

std::string own_usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return std::to_string(seconds(usage.ru_utime) + seconds(usage.ru_stime)) + " " +
         std::to_string(usage.ru_maxrss) + " ";
}

Outcome check_in_child(const fs::path& file) {
  int channel[2];
  EXPECT_EQ(pipe(channel), 0);
  const pid_t child = fork();
  if (child == 0) {
    WorkflowRequest request;
    request.file = file;
    auto checked = check_workflow(request, testing::sample_registry());
    std::string text = own_usage();
    text += checked.ok() ? checked->diagnostics.to_text() : checked.error().to_string();
    text.resize(std::min<std::size_t>(text.size(), 4000));
    const auto written = write(channel[1], text.data(), text.size());
    _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
  }
  close(channel[1]);
  std::string text(5000, '\0');
  const auto size = read(channel[0], text.data(), text.size());
  close(channel[0]);
  int status = 0;
  EXPECT_EQ(waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  text.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
  Outcome outcome;
  int used = 0;
  EXPECT_EQ(std::sscanf(text.c_str(), "%lf %ld %n", &outcome.seconds, &outcome.peak_kib, &used), 2);
  outcome.text = text.substr(static_cast<std::size_t>(used));
  return outcome;
}

// A sanitizer's own cost.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr int kTimes = 30;
#else
constexpr int kTimes = 1;
#endif

Outcome quickest_of_three(const fs::path& file) {
  Outcome quickest = check_in_child(file);
  for (int i = 0; i < 2; ++i) {
    Outcome outcome = check_in_child(file);
    if (outcome.seconds < quickest.seconds) quickest = std::move(outcome);
  }
  return quickest;
}

// What this machine takes to check a mebibyte of many small stages that are sound.
double seconds_of_a_sound_mebibyte() {
  static const double seconds = [] {
    const TempFolder folder;
    std::string text = "cairn: 1\nstages:\n";
    for (int i = 0; i < 5'000; ++i) text += "  s" + std::to_string(i) + ": {uses: corpus}\n";
    const fs::path file = folder.write("sound.yaml", text);
    return quickest_of_three(file).seconds * (1 << 20) / static_cast<double>(text.size());
  }();
  return seconds;
}

// Within 100 ms and 50 MB: a bomb is small. A large text may take more, but no more than a sound
// one of its size.
void expect_refused(const fs::path& file, const std::string& message) {
  std::error_code none;
  const double mebibytes =
      fs::is_regular_file(file, none)
          ? static_cast<double>(std::min<std::uintmax_t>(fs::file_size(file), 4 << 20)) / (1 << 20)
          : 0;
  const double most_seconds = kTimes * 0.1 + mebibytes * seconds_of_a_sound_mebibyte();
  const Outcome outcome = quickest_of_three(file);
  EXPECT_THAT(outcome.text, HasSubstr(message));
  EXPECT_LT(outcome.seconds, most_seconds) << message;
  EXPECT_LT(static_cast<double>(outcome.peak_kib), kTimes * (50 + 40 * mebibytes) * 1024)
      << message;
}

class BadInput : public ::testing::Test {
 protected:
  void expect(const std::string& text, const std::string& message) const {
    expect_refused(folder_.write("w.yaml", text), message);
  }
  TempFolder folder_;
};

std::string repeat(const std::string& text, int times) {
  std::string result;
  for (int i = 0; i < times; ++i) result += text;
  return result;
}

TEST_F(BadInput, NoFileAndDirectory) {
  expect_refused(folder_.path() / "none.yaml", "there is no file");
  expect_refused(folder_.path(), "this is a directory");
}

TEST_F(BadInput, EmptyBinaryAndWrongEncoding) {
  expect("", "the file is empty");
  expect(" \n\n", "the file is empty");
  expect(std::string("cairn: 1\0\n", 10), "byte 8 is a control character");
  expect(
      "\x7f"
      "ELF\x02\x01\x01",
      "not text");
  expect(
      "cairn: 1\nname: gr\xf6\xdf"
      "e\n",
      "w.yaml:2:9: error: the file is not valid UTF-8");
}

TEST_F(BadInput, HundredMegabytes) {
  const fs::path file = folder_.write("w.yaml", "cairn: 1\n");
  fs::resize_file(file, 100'000'000);
  expect_refused(file, "the file is too large: 95.4 MiB");
}

TEST_F(BadInput, TenThousandLevels) {
  expect("a: " + std::string(10'000, '[') + std::string(10'000, ']') + "\n", "nested too deep");
  expect(std::string(10'000, '[') + "\n", "nested too deep");
  expect("a: " + repeat("{a: ", 10'000) + "\n", "nested too deep");
  expect(repeat("- ", 10'000) + "x\n", "nested too deep");
  expect(repeat("? ", 10'000) + "x\n", "nested too deep");
  std::string indented;
  for (int i = 0; i < 2'500; ++i)
    indented += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  expect(indented, "nested too deep");
}

TEST_F(BadInput, MegabytesWithinTheLimits) {
  expect(std::string(4'000'000, '['), "line 1 is too long");
  expect(repeat("[]", 60'000), "error");
  expect(std::string(130'000, '['), "nested too deep");
  expect(repeat("{a, ", 30'000), "nested too deep");
  expect(repeat("[\n", 1'000'000), "nested too deep");
  expect("a: [" + repeat("1,\n ", 900'000) + "]\n", "more than 100000 values");
  expect(repeat("- a\n", 1'000'000), "more than 100000 values");
  expect(repeat("&a ", 40'000), "multiple anchors");
  expect("a: " + repeat("x\n  ", 900'000), "needs the key 'stages'");
  expect("a: \"" + repeat("x\n ", 1'000'000), "the quotes are never closed");
}

TEST_F(BadInput, AliasBomb) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    text += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + repeat(alias + ", ", 8) +
            alias + "]\n";
  }
  expect(text, "more than 100000 values");
  expect("a: &a x\nb: [" + repeat("*a,", 5'000) + "]\n", "more than 1000 aliases");
}

TEST_F(BadInput, ExpressionBombs) {
  const auto with = [&](const std::string& expression, const std::string& message) {
    expect("cairn: 1\nstages:\n  a: {uses: shell, with: {run: x, env: {X: \"${" + expression +
               "}\"}}}\n",
           message);
  };
  with("range(1000000000)", "w.yaml:3:");
  with("len(range(9000000000000000000))", "the list becomes too long");
  std::string grown = "'0'";
  for (int i = 0; i < 60; ++i)
    grown = "replace(" + grown + ", '0', '" + std::string(100, '0') + "')";
  with(grown, "the text becomes too long");
  with(std::string(1'000, '(') + "1" + std::string(1'000, ')'), "nested too deep");
  with(repeat("1+", 20'000) + "1", "the expression is too long");
}

TEST_F(BadInput, ManyKeysAndManyErrors) {
  std::string text = "cairn: 1\nstages:\n";
  for (int i = 0; i < 20'000; ++i) text += "  s" + std::to_string(i) + ": {uses: corpos}\n";
  expect(text, "there is no stage type 'corpos'");
  text = "cairn: 1\n";
  for (int i = 0; i < 40'000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  expect(text, "has no key 'key0'");
}

// What is mistyped is compared with what there is: many of both cost no more than reading them.
TEST_F(BadInput, ManyNamesThatAreNearlyOthers) {
  const std::string stem(60, 's');
  std::string stages = "cairn: 1\nstages:\n";
  for (int i = 0; i < 9'000; ++i) {
    const std::string number = std::to_string(i);
    stages += "  " + stem + number + ": {uses: corpus, after: [" + stem + "x" + number + "]}\n";
  }
  expect(stages, "there is no stage '" + stem + "x0'");
  std::string params = "cairn: 1\nparams:\n";
  for (int i = 0; i < 5'000; ++i)
    params += "  " + stem + std::to_string(i) + ": {type: int, default: 1}\n";
  params += "stages:\n";
  for (int i = 0; i < 5'000; ++i) {
    params += "  s" + std::to_string(i) + ": {uses: corpus, description: \"${params." + stem + "x" +
              std::to_string(i) + "}\"}\n";
  }
  expect(params, "there is no parameter '" + stem + "x0'");
}

TEST_F(BadInput, TabsAndTwoDocuments) {
  expect("cairn: 1\nstages:\n\ta: 1\n", "w.yaml:3:1: error: a tab in the indentation");
  expect("cairn: 1\n---\ncairn: 1\n", "w.yaml:2:1: error: a second document");
}

TEST_F(BadInput, TabsInsideOfAScriptAreText) {
  const fs::path file = folder_.write("w.yaml",
                                      "cairn: 1\nstages:\n  a:\n    uses: shell\n    with:\n      "
                                      "run: |\n        x\n      \t  y\n");
  WorkflowRequest request;
  request.file = file;
  auto checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok());
  EXPECT_THAT(checked->diagnostics.to_text(), HasSubstr("tab"));
  folder_.write("w.yaml",
                "cairn: 1\nstages:\n  a:\n    uses: shell\n    with:\n      run: |\n        x\n"
                "        \ty\n");
  checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok());
  ASSERT_TRUE(checked->spec) << checked->diagnostics.to_text();
  EXPECT_EQ(checked->spec->stages[0].params.at("run").as_string(), "x\n\ty\n");
}

}  // namespace
}  // namespace cairn
