#include "core/server/reading/task_folders.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

TEST(TaskFolders, ReadsFolderNames) {
  const auto plain = parse_task_folder("/s/runs/r/train");
  ASSERT_TRUE(plain.has_value());
  EXPECT_EQ(plain->stage, "train");
  EXPECT_FALSE(plain->cell.has_value());
  const auto cell = parse_task_folder("/s/runs/r/train@12.3");
  ASSERT_TRUE(cell.has_value());
  EXPECT_EQ(cell->stage, "train");
  EXPECT_EQ(cell->cell, 12U);
  EXPECT_EQ(cell->generation, 3U);
  EXPECT_EQ(parse_task_folder("train.2")->generation, 2U);
  for (const char* other : {"train@", "train@x", "@1", "train.new"})
    EXPECT_FALSE(parse_task_folder(other).has_value()) << other;
}

}  // namespace
}  // namespace cairn
