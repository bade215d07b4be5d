#include "core/base/environment.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(LeastEnvironment, KeepsWhatProgramsNeedToRun) {
  const std::vector<std::string> entries = {"PATH=/bin",      "LC_TIME=C",    "OMP_WAIT_POLICY=x",
                                            "SLURM_JOB_ID=7", "CAIRN_HOST=a", "TZ="};
  EXPECT_EQ(least_environment(entries), entries);
}

TEST(LeastEnvironment, LeavesOutWhatMayBeAPassword) {
  EXPECT_THAT(
      least_environment({"AWS_SECRET_ACCESS_KEY=x", "HF_TOKEN=x", "CAIRN_TOKEN=x", "SLURM_JWT=x",
                         "https_proxy=http://me:word@proxy", "PATHS=/bin", "A", "=x", ""}),
      IsEmpty());
}

TEST(LeastEnvironment, KeepsWhatIsNamed) {
  EXPECT_THAT(least_environment({"HF_HOME=/h", "HF_TOKEN=x", "WANDB_MODE=off", "WAND=x"},
                                {"HF_HOME", "WANDB_*"}),
              ElementsAre("HF_HOME=/h", "WANDB_MODE=off"));
  EXPECT_THAT(least_environment({"CAIRN_TOKEN=x"}, {"CAIRN_TOKEN"}), ElementsAre("CAIRN_TOKEN=x"));
}

}  // namespace
}  // namespace cairn
