#include "core/server/notifier.h"

#include <gtest/gtest.h>

#include "core/base/files.h"
#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

TEST(Notifier, HearsWhatItAskedFor) {
  NotifySpec notify;
  notify.finished = true;
  EXPECT_FALSE(wants_to_hear(notify, "succeeded")) << "there is no command";
  notify.run = "true";
  EXPECT_TRUE(wants_to_hear(notify, "succeeded"));
  EXPECT_TRUE(wants_to_hear(notify, "failed"));
  EXPECT_FALSE(wants_to_hear(notify, "waiting"));
  notify = {.failed = true, .finished = false, .waiting = true, .run = "true"};
  EXPECT_FALSE(wants_to_hear(notify, "succeeded"));
  EXPECT_TRUE(wants_to_hear(notify, "failed"));
  EXPECT_TRUE(wants_to_hear(notify, "waiting"));
}

class NotifierRuns : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-notify-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
  }
  void TearDown() override { fs::remove_all(folder_); }
  // Everything it was told is done when it is destroyed.
  void tell(const std::string& command, Duration timeout,
            const std::vector<std::string>& what) const {
    RunState state = recorded_run("r1");
    WorkflowSpec spec = *state.spec;
    spec.notify = {.failed = true, .finished = true, .waiting = true, .run = command};
    state.spec = std::make_shared<const WorkflowSpec>(spec);
    Notifier notifier({"OUT=" + (folder_ / "out").string()}, timeout);
    for (const std::string& status : what) notifier.notify(state, status);
  }
  [[nodiscard]] std::string out() const {
    return real_file_system().read(folder_ / "out").value_or("");
  }
  fs::path folder_;
};

TEST_F(NotifierRuns, TellsRunNameAndStatusInOrder) {
  tell(R"(echo "$CAIRN_RUN $CAIRN_NAME $CAIRN_STATUS" >> "$OUT")", Duration(20'000),
       {"waiting", "failed"});
  EXPECT_EQ(out(), "r1 recorded waiting\nr1 recorded failed\n");
}

TEST_F(NotifierRuns, ACommandThatNeverEndsIsEndedAndTheNextIsRun) {
  tell(
      R"(if [ $CAIRN_STATUS = waiting ]; then tail -f /dev/null; fi; echo $CAIRN_STATUS >> "$OUT")",
      Duration(1'500), {"waiting", "succeeded"});
  EXPECT_EQ(out(), "succeeded\n");
}

}  // namespace
}  // namespace cairn
