#include "core/cli/machine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/cli/derive.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;

TEST(Machine, GpusAreACountOrIds) {
  EXPECT_THAT(*parse_gpus("2"), ElementsAre("0", "1"));
  EXPECT_TRUE(parse_gpus("0")->empty());
  EXPECT_THAT(*parse_gpus("0,3"), ElementsAre("0", "3"));
  EXPECT_THAT(*parse_gpus("GPU-aa, GPU-bb"), ElementsAre("GPU-aa", "GPU-bb"));
  EXPECT_FALSE(parse_gpus("0,,1").ok());
  EXPECT_FALSE(parse_gpus("0,0").ok());
}

TEST(Machine, FindsTheDevicesThatTheDriverNames) {
  const auto root = make_private_folder(fs::temp_directory_path(), "cairn-gpus-");
  ASSERT_TRUE(root.ok());
  EXPECT_TRUE(find_gpus(*root).empty());
  for (const char* bus : {"0000:02:00.0", "0000:01:00.0"}) {
    const fs::path folder = *root / "proc/driver/nvidia/gpus" / bus;
    fs::create_directories(folder);
    std::ofstream(folder / "information")
        << "Model: \t\t H100\nGPU UUID: \t GPU-" << bus[6] << "\nBus Type: PCIe\n";
  }
  EXPECT_THAT(find_gpus(*root), ElementsAre("GPU-1", "GPU-2"));
  fs::remove_all(*root);
}

TEST(ForkPoint, IsAStageAndMaybeAStep) {
  EXPECT_EQ(*parse_fork_point("rl1"), (std::pair<std::string, std::int64_t>("rl1", -1)));
  EXPECT_EQ(*parse_fork_point("rl1:200"), (std::pair<std::string, std::int64_t>("rl1", 200)));
  for (const char* wrong : {"rl1:", "rl1:x", "rl1:-2", ":3"})
    EXPECT_FALSE(parse_fork_point(wrong).ok()) << wrong;
}

}  // namespace
}  // namespace cairn
