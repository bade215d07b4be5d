#include "core/server/disk_use.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

#include "core/sdk/testing/manual_clock.h"

namespace cairn {
namespace {

// Each look at it costs a second.
class SlowClock : public Clock {
 public:
  [[nodiscard]] WallTime now() const override { return {}; }
  [[nodiscard]] Duration monotonic() const override { return Duration{1'000} * ++looks_; }

 private:
  mutable int looks_ = 0;
};

class DiskUseTest : public ::testing::Test {
 protected:
  DiskUseTest() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-disk-").value()) {}
  ~DiskUseTest() override { fs::remove_all(folder_); }
  void write(const fs::path& path, std::size_t bytes) const {
    fs::create_directories((folder_ / path).parent_path());
    std::ofstream(folder_ / path) << std::string(bytes, 'x');
  }
  fs::path folder_;
};

TEST_F(DiskUseTest, AFolderTakesItsFilesBlocksAndNotWhatLinksLeadTo) {
  write("elsewhere/large", 10'000'000);
  write("run/checkpoints/one", 100'000);
  write("run/log", 10);
  fs::create_symlink(folder_ / "elsewhere", folder_ / "run/link");
  { const std::ofstream sparse(folder_ / "run/sparse"); }
  ASSERT_EQ(::truncate((folder_ / "run/sparse").c_str(), 1 << 30), 0);
  const RunDisk disk = measure_folder(folder_ / "run");
  EXPECT_EQ(disk.run, "run");
  EXPECT_EQ(disk.files, 4U);
  EXPECT_GE(disk.bytes, 100'010U);
  EXPECT_LT(disk.bytes, 1'000'000U);
  EXPECT_EQ(measure_folder(folder_ / "none").bytes, 0U);
}

TEST_F(DiskUseTest, RunsComeByTheirSizeAndTheNewestAreMeasuredFirst) {
  write("runs/1a/file", 500'000);
  write("runs/1b/file", 10);
  write("runs/1c/file", 100'000);
  const ContentStore artifacts(folder_);
  const testing::ManualClock clock;
  const auto all = measure_store(artifacts, clock, Duration{1'000});
  ASSERT_TRUE(all.ok());
  ASSERT_EQ(all->runs.size(), 3U);
  EXPECT_EQ(all->runs[0].run, "1a");
  EXPECT_EQ(all->runs[1].run, "1c");
  EXPECT_EQ(all->unmeasured, 0U);
  const SlowClock slow;
  const auto some = measure_store(artifacts, slow, Duration{2'000});
  ASSERT_TRUE(some.ok());
  ASSERT_EQ(some->runs.size(), 2U);
  EXPECT_EQ(some->runs[0].run, "1c");
  EXPECT_EQ(some->unmeasured, 1U);
}

TEST_F(DiskUseTest, AStoreThatIsNotThereTakesNothing) {
  const testing::ManualClock clock;
  const auto use = measure_store(ContentStore(folder_ / "none"), clock, Duration{1'000});
  ASSERT_TRUE(use.ok());
  EXPECT_EQ(use->artifact_bytes, 0U);
  EXPECT_TRUE(use->runs.empty());
}

}  // namespace
}  // namespace cairn
