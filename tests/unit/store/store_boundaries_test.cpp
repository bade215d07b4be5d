// Killed at every boundary of the store in turn: what was acknowledged is there afterwards.
#include <sys/wait.h>

#include <csignal>
#include <cstdio>
#include <map>
#include <sstream>

#include "core/store/backup.h"
#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

struct Worked {
  std::uint64_t acknowledged = 0;  // the last sequence
  bool killed = false;
  std::uint64_t outside = 0;
  std::map<std::string, std::pair<std::uint64_t, std::uint64_t>> boundaries;  // passings, changes
};

class StoreBoundaries : public testing::StoreTest {
 protected:
  // Runs store_worker. death: the text of CAIRN_DIE_AT, or nothing.
  [[nodiscard]] Worked work(const std::string& death) const {
    const std::string command =
        "CAIRN_DIE_AT='" + death + "' exec " CAIRN_STORE_WORKER " " + folder_.string();
    FILE* output = ::popen(command.c_str(), "r");
    EXPECT_NE(output, nullptr);
    Worked worked;
    char line[512];
    while (std::fgets(line, sizeof line, output) != nullptr) {
      std::istringstream words(line);
      std::string name;
      words >> name;
      if (name == "acknowledged") {
        words >> worked.acknowledged;
      } else if (name == "outside") {
        words >> worked.outside;
        EXPECT_EQ(worked.outside, 0U) << line;
      } else {
        auto& [passings, changes] = worked.boundaries[name];
        words >> passings >> changes;
      }
    }
    const int status = ::pclose(output);
    worked.killed = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
    EXPECT_TRUE(worked.killed || status == 0) << status;
    return worked;
  }
};

TEST_F(StoreBoundaries, NothingIsChangedOutsideOfThem) {
  Worked worked = work("");
  EXPECT_EQ(worked.acknowledged, 48U);
  EXPECT_EQ(worked.outside, 0U);
  EXPECT_EQ(worked.boundaries["store.append"].first, 24U);
  for (const char* boundary : {"store.open", "store.append", "store.background", "store.close",
                               "store.copy", "backup.make", "backup.restore"}) {
    EXPECT_GT(worked.boundaries[boundary].first, 0U) << boundary;
    EXPECT_GT(worked.boundaries[boundary].second, 0U) << boundary;
  }
}

TEST_F(StoreBoundaries, KilledAtAnyOfThemTheStoreKeepsWhatItAcknowledged) {
  std::vector<std::string> deaths;
  for (const char* boundary : {"store.open", "store.close", "store.copy", "backup.make"}) {
    for (const char* passing : {":1:before", ":1:after", ":2:before"}) {
      deaths.push_back(boundary + std::string(passing));
    }
  }
  deaths.insert(deaths.end(), {"backup.restore:1:before", "backup.restore:1:after"});
  for (int passing = 1; passing <= 24; passing += 7) {
    deaths.push_back("store.append:" + std::to_string(passing) +
                     (passing % 2 == 0 ? ":after" : ":before"));
  }
  // Appends, syncs, renames and removals of RocksDB's own threads.
  for (int passing = 1; passing <= 80; passing += 1 + passing / 3) {
    deaths.push_back("store.background:" + std::to_string(passing));
  }
  int killed = 0;
  int tried = 0;
  for (const std::string& where : deaths) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const Worked worked = work(where);
    const std::uint64_t acknowledged = worked.acknowledged;
    killed += worked.killed ? 1 : 0;
    {
      auto store = open_rocks_store(folder_ / "state");
      ASSERT_TRUE(store.ok()) << where << ": " << store.error().to_string();
      EXPECT_GE((*store)->last_sequence(), acknowledged) << where;
      EXPECT_LE((*store)->last_sequence(), acknowledged + 2) << where;
      EXPECT_EQ(records(**store, "run").size(), (*store)->last_sequence()) << where;
      EXPECT_TRUE((*store)->verify().ok()) << where;
    }
    for (const char* backup : {"backup0", "backup1"}) {
      if (fs::exists(folder_ / backup)) {
        EXPECT_TRUE(check_backup(folder_ / backup).ok()) << where;
      }
    }
    if (fs::exists(folder_ / "restored" / "journal")) {
      EXPECT_TRUE(open_rocks_store(folder_ / "restored").ok()) << where;
    }
    // The same work, begun again, comes to its end.
    if (++tried % 4 == 0) {
      ASSERT_FALSE(work("").killed) << where;
    }
  }
  EXPECT_GE(killed, static_cast<int>(deaths.size()) * 2 / 3);
}

}  // namespace
}  // namespace cairn
