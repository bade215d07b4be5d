// `cairn list` over a store of many runs.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "core/cli/cli.h"
#include "core/engine/load.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

constexpr int kRuns = 103;

class ListTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-list-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
    auto store = open_rocks_store(folder_);
    ASSERT_TRUE(store.ok());
    RunState state;
    auto spec = std::make_shared<WorkflowSpec>();
    spec->name = "many";
    state.spec = spec;
    state.status = RunStatus::kSucceeded;
    StoreBatch batch;
    for (int i = 0; i < kRuns; ++i) {
      state.created_at = WallTime(Duration(1'790'000'000'000 + i));
      state.id = make_run_id(state.created_at, 0);
      Event event;
      event.set_format(kEventFormat);
      event.mutable_run_created()->set_run(state.id);
      event.mutable_run_created()->set_workflow_json("{}");
      batch.journal.push_back({state.id, encode_event(event)});
      batch.summaries.push_back({state.id, encode_row(state)});
      ids_.push_back(state.id);
    }
    std::reverse(ids_.begin(), ids_.end());
    ASSERT_TRUE((*store)->append(batch).ok());
  }
  void TearDown() override { fs::remove_all(folder_); }

  // Run ids of what the command prints.
  std::vector<std::string> list(std::vector<std::string> words) {
    std::ostringstream out;
    std::ostringstream err;
    words.insert(words.begin(), {"list", "--state-dir", folder_.string()});
    EXPECT_EQ(run_cli(words, process_environment(), out, err), ExitCode::kDone) << err.str();
    err_ = err.str();
    std::vector<std::string> ids;
    std::istringstream lines(out.str());
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("RUN")) ids.push_back(line.substr(0, line.find(' ')));
    }
    return ids;
  }
  std::vector<std::string> from(std::size_t begin, std::size_t end) const {
    return {ids_.begin() + static_cast<std::ptrdiff_t>(begin),
            ids_.begin() + static_cast<std::ptrdiff_t>(end)};
  }

  fs::path folder_;
  std::vector<std::string> ids_;  // the newest first
  std::string err_;
};

TEST_F(ListTest, ATableShowsTheNewestHundredAndSaysSo) {
  EXPECT_EQ(list({}), from(0, 100));
  EXPECT_NE(err_.find("--before " + ids_[99]), std::string::npos) << err_;
  EXPECT_EQ(list({"--before", ids_[99]}), from(100, kRuns));
  EXPECT_EQ(err_, "");
  EXPECT_EQ(list({"--limit", "0"}), ids_);
  EXPECT_EQ(list({"--limit", "2"}), from(0, 2));
  EXPECT_EQ(err_, "");
  EXPECT_EQ(list({"-o", "name"}), ids_) << "a script gets all";
}

}  // namespace
}  // namespace cairn
