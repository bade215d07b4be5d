#include "core/executors/machine.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

class Machine : public ::testing::Test {
 protected:
  void SetUp() override {
    root_ = make_private_folder(fs::temp_directory_path(), "cairn-machine-").value();
    put("proc/meminfo", "MemTotal:       16000 kB\nMemFree: 1 kB\n");
    put("proc/self/cgroup", "0::/user/job\n");
    put("sys/fs/cgroup/cgroup.controllers", "cpu memory\n");
    put("sys/fs/cgroup/user/job/cgroup.controllers", "cpu memory\n");
    put("sys/fs/cgroup/user/job/cgroup.subtree_control", "");
  }
  void TearDown() override { ASSERT_TRUE(real_file_system().remove_all(root_).ok()); }
  void put(const std::string& path, const std::string& text) {
    ASSERT_TRUE(real_file_system().make_directories((root_ / path).parent_path()).ok());
    ASSERT_TRUE(real_file_system().write_atomic(root_ / path, text).ok());
  }
  fs::path root_;
};

TEST_F(Machine, TakesTheTightestLimitOnTheWayUp) {
  EXPECT_EQ(machine_totals(root_)->memory_bytes, 16000U * 1024);
  put("sys/fs/cgroup/user/job/memory.max", "max\n");
  put("sys/fs/cgroup/user/memory.max", "4096000\n");
  put("sys/fs/cgroup/user/cpu.max", "50000 100000\n");
  const auto totals = machine_totals(root_);
  ASSERT_TRUE(totals.ok());
  EXPECT_EQ(totals->memory_bytes, 4096000U);
  EXPECT_EQ(totals->cpus, 1) << "half a processor is rounded up";
}

TEST_F(Machine, DelegationNeedsTheMemoryController) {
  EXPECT_TRUE(cgroup_state(root_).delegated);
  put("sys/fs/cgroup/user/job/cgroup.controllers", "cpu pids\n");
  EXPECT_TRUE(cgroup_state(root_).unified);
  EXPECT_FALSE(cgroup_state(root_).delegated);
  put("proc/self/cgroup", "4:memory:/user\n");
  EXPECT_FALSE(cgroup_state(root_).unified);
}

TEST_F(Machine, FollowsTheBlasAlternative) {
  EXPECT_FALSE(find_blas(root_));
  put("usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", "");
  put("usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3", "");
  put("etc/alternatives/note", "");
  const fs::path link = root_ / "usr/lib/x86_64-linux-gnu/libblas.so.3";
  const fs::path alternative = root_ / "etc/alternatives/libblas.so.3-x86_64-linux-gnu";
  fs::create_symlink(root_ / "usr/lib/x86_64-linux-gnu/blas/libblas.so.3.11.0", alternative);
  fs::create_symlink(alternative, link);
  EXPECT_TRUE(is_reference_blas(find_blas(root_).value()));
  fs::remove(alternative);
  fs::create_symlink(root_ / "usr/lib/x86_64-linux-gnu/openblas-openmp/libblas.so.3", alternative);
  EXPECT_FALSE(is_reference_blas(find_blas(root_).value()));
}

TEST_F(Machine, AFolderToBeHasTheDiskOfItsParent) {
  EXPECT_EQ(nearest_existing(root_ / "not/yet"), root_);
  EXPECT_GT(disk_state(root_ / "not/yet")->free_bytes, 0U);
}

}  // namespace
}  // namespace cairn
