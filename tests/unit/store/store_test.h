// What the tests of the store share.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/store/rocks_store.h"

namespace cairn::testing {

class StoreTest : public ::testing::Test {
 protected:
  StoreTest() : folder_(make_private_folder(fs::temp_directory_path(), "cairn-store-").value()) {}
  ~StoreTest() override { fs::remove_all(folder_); }

  static StoreBatch batch(const std::string& run, std::vector<std::string> records) {
    StoreBatch batch;
    for (std::string& record : records) batch.journal.push_back({run, std::move(record)});
    batch.summaries.push_back({run, "summary of " + run});
    return batch;
  }

  static std::vector<std::string> records(const RunStore& store, const std::string& run) {
    std::vector<std::string> bytes;
    const auto read = store.read_journal(run, 0, [&](std::uint64_t, std::string_view record) {
      bytes.emplace_back(record);
      return true;
    });
    EXPECT_TRUE(read.ok() || read.error().code == ErrorCode::kNotFound) << read.error().to_string();
    return bytes;
  }

  // Files of the database whose name ends so, sorted.
  [[nodiscard]] std::vector<fs::path> database_files(std::string_view ending) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(folder_ / "journal")) {
      if (entry.path().string().ends_with(ending)) files.push_back(entry.path());
    }
    std::sort(files.begin(), files.end());
    return files;
  }

  fs::path folder_;
};

}  // namespace cairn::testing
