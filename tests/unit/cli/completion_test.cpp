#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "core/cli/completion_words.h"
#include "core/engine/load.h"
#include "core/store/rocks_store.h"
#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Not;

Completion complete_words(const std::vector<std::string>& line) {
  Completion completion;
  visit_app([&](const CLI::App& app) { completion = complete(app, line); });
  return completion;
}

TEST(Completion, OffersCommandsThatBeginSo) {
  EXPECT_THAT(complete_words({"res"}).words, ElementsAre("restore", "resume"));
  const auto all = complete_words({""}).words;
  EXPECT_THAT(all, Contains("serve"));
  EXPECT_THAT(all, Not(Contains("__complete")));
  EXPECT_THAT(complete_words({"artifacts", ""}).words,
              ElementsAre("export", "gc", "list", "path", "preview"));
}

TEST(Completion, OffersOptionsOfTheCommandAndCommonOnes) {
  EXPECT_THAT(complete_words({"resume", "--d"}).words, ElementsAre("--dry-run"));
  EXPECT_THAT(complete_words({"get", "--state"}).words, ElementsAre("--state-dir"));
  EXPECT_THAT(complete_words({"list", "--from"}).words, IsEmpty());
}

TEST(Completion, SaysWhatAnArgumentStandsFor) {
  EXPECT_EQ(complete_words({"run", ""}).subject, "FILE");
  EXPECT_EQ(complete_words({"run", "a.yaml", ""}).subject, "");
  EXPECT_EQ(complete_words({"cancel", ""}).subject, "RUN");
  EXPECT_EQ(complete_words({"get", "x"}).subject, "RUN[/STAGE]");
  EXPECT_EQ(complete_words({"approve", "r", ""}).subject, "STAGE");
  EXPECT_EQ(complete_words({"diff", "r", ""}).subject, "OTHER");
}

TEST(Completion, ValuesOfOptionsAreNoArguments) {
  EXPECT_EQ(complete_words({"--state-dir", ""}).subject, "DIR");
  EXPECT_EQ(complete_words({"--state-dir", "d", "resume", "r", "--from", ""}).subject, "STAGE");
  EXPECT_EQ(complete_words({"resume", "--from", "s", ""}).subject, "RUN");
  EXPECT_EQ(complete_words({"resume", "--dry-run", ""}).subject, "RUN");
  EXPECT_THAT(complete_words({"get", "-o", "j"}).words, ElementsAre("json"));
}

// What a shell gets to see.
std::string asked(const std::vector<std::string>& line, const fs::path& state_dir = "/nowhere") {
  Environment environment;
  environment.program = "/nowhere/bin/cairn";
  environment.variable = [&](const std::string& name) -> std::optional<std::string> {
    if (name == "CAIRN_STATE_DIR") return state_dir.string();
    return std::nullopt;
  };
  std::vector<std::string> arguments{"__complete"};
  arguments.insert(arguments.end(), line.begin(), line.end());
  std::ostringstream out;
  std::ostringstream err;
  EXPECT_EQ(run_cli(arguments, environment, out, err), ExitCode::kDone) << err.str();
  return out.str();
}

TEST(Completion, AShellGetsAWordALine) {
  EXPECT_EQ(asked({"res"}), "restore\nresume\n");
  EXPECT_EQ(asked({"resume", "r", "--d"}), "--dry-run\n");
  EXPECT_EQ(asked({"run", ""}), ":files\n");
  EXPECT_EQ(asked({"get", ""}), "");
}

TEST(Completion, AShellGetsRunsAndStages) {
  const auto folder = make_private_folder(fs::temp_directory_path(), "cairn-complete-");
  ASSERT_TRUE(folder.ok());
  const RunState state = recorded_run("abc1");
  Event created;
  created.set_format(kEventFormat);
  created.mutable_run_created()->set_run(state.id);
  created.mutable_run_created()->set_workflow_json(canonical_json(to_json(*state.spec)));
  StoreBatch batch;
  batch.journal.push_back({state.id, encode_event(created)});
  batch.summaries.push_back({state.id, encode_row(state)});
  {
    const auto store = open_rocks_store(*folder);
    ASSERT_TRUE(store.ok());
    ASSERT_TRUE((*store)->append(batch).ok());
  }
  EXPECT_EQ(asked({"get", "a"}, *folder), "abc1\n");
  EXPECT_EQ(asked({"cancel", "@"}, *folder), "@latest\n");
  EXPECT_EQ(asked({"get", "abc1/"}, *folder), "abc1/made\nabc1/train\nabc1/report\n");
  EXPECT_EQ(asked({"cancel", "abc1/"}, *folder), "");
  EXPECT_EQ(asked({"approve", "abc1", "tr"}, *folder), "train\n");
  EXPECT_EQ(asked({"resume", "abc1", "--from", "re"}, *folder), "report\n");
  fs::remove_all(*folder);
}

}  // namespace
}  // namespace cairn
