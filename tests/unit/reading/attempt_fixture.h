// A task's folder on a disk, as hosts fill it.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <string>

#include "core/base/json.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/open_file.h"

namespace cairn {

// A clock that moves by so much each time it is asked. Thread-safe, but for set_step.
class SteppingClock final : public Clock {
 public:
  explicit SteppingClock(Duration step = Duration(0)) : step_(step) {}
  [[nodiscard]] WallTime now() const override { return WallTime(); }
  [[nodiscard]] Duration monotonic() const override {
    return Duration(now_.fetch_add(step_.count()) + step_.count());
  }
  void set_step(Duration step) { step_ = step; }

 private:
  Duration step_;
  mutable std::atomic<Duration::rep> now_{0};
};

class AttemptFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-reading-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
    fs::create_directories(folder_ / "scratch");
    task_ = {folder_ / "runs" / "r" / "train"};
    fs::create_directories(task_.attempt(1).root);
  }
  void TearDown() override { fs::remove_all(folder_); }

  static void append(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::app) << text;
  }
  static void put(const fs::path& file, const std::string& text) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary | std::ios::trunc) << text;
  }

  fs::path folder_;
  TaskFolder task_;
};

}  // namespace cairn
