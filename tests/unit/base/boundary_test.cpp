#include "core/base/boundary.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <functional>
#include <set>
#include <thread>

#include "core/base/files.h"

namespace cairn {
namespace {

class Boundaries : public ::testing::Test {
 protected:
  Boundaries()
      : folder_(make_private_folder(fs::temp_directory_path(), "cairn-boundary-").value()) {
    reset_boundary_counts();
  }
  ~Boundaries() override { fs::remove_all(folder_); }

  // How a child ends that passes the boundary three times.
  static int end_of_child(const std::optional<Death>& death, int* passed) {
    int ends[2];
    EXPECT_EQ(::pipe(ends), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      if (death) die_at(*death);
      for (char i = 1; i <= 3; ++i) {
        const PersistenceBoundary guard(Boundary::kSpoolAppend);
        if (::write(ends[1], &i, 1) != 1) ::_exit(2);
      }
      ::_exit(0);
    }
    ::close(ends[1]);
    char byte = 0;
    for (*passed = 0; ::read(ends[0], &byte, 1) == 1;) ++*passed;
    ::close(ends[0]);
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
  }

  fs::path folder_;
};

TEST_F(Boundaries, NamesAreDistinctAndFindTheirBoundary) {
  std::set<std::string_view> names;
  for (std::size_t i = 0; i < kBoundaries; ++i) {
    const auto boundary = static_cast<Boundary>(i);
    names.insert(to_string(boundary));
    EXPECT_EQ(boundary_named(to_string(boundary)), boundary);
  }
  EXPECT_EQ(names.size(), kBoundaries);
  EXPECT_FALSE(names.contains(""));
  EXPECT_EQ(boundary_named("nothing"), std::nullopt);
}

TEST_F(Boundaries, InnerGuardTakesOverOnItsThreadOnly) {
  EXPECT_EQ(PersistenceBoundary::current(), std::nullopt);
  {
    const PersistenceBoundary outer(Boundary::kArtifactPublish);
    {
      const PersistenceBoundary inner(Boundary::kArtifactRemember);
      EXPECT_EQ(PersistenceBoundary::current(), Boundary::kArtifactRemember);
      std::thread([] { EXPECT_EQ(PersistenceBoundary::current(), std::nullopt); }).join();
    }
    EXPECT_EQ(PersistenceBoundary::current(), Boundary::kArtifactPublish);
  }
  EXPECT_EQ(PersistenceBoundary::current(), std::nullopt);
  EXPECT_EQ(boundary_counts().passings_of(Boundary::kArtifactRemember), 1U);
}

TEST_F(Boundaries, EveryChangeOfTheFileSystemIsCountedInsideOrOutside) {
  FileSystem& files = real_file_system();
  using Change = std::function<void()>;
  std::unique_ptr<AppendFile> log = files.open_append(folder_ / "log").value();
  const std::vector<Change> changes = {
      [&] { EXPECT_TRUE(files.write_atomic(folder_ / "a", "x").ok()); },
      [&] { EXPECT_TRUE(files.rename(folder_ / "a", folder_ / "b").ok()); },
      [&] { EXPECT_TRUE(files.open_append(folder_ / "other").ok()); },
      [&] { EXPECT_TRUE(log->append("bytes").ok()); },
      [&] { EXPECT_TRUE(log->sync().ok()); },
      [&] { EXPECT_TRUE(files.truncate(folder_ / "log", 1).ok()); },
      [&] { EXPECT_TRUE(files.make_directories(folder_ / "c" / "d").ok()); },
      [&] { EXPECT_TRUE(files.sync(folder_).ok()); },
      [&] { EXPECT_TRUE(files.sync_tree(folder_).ok()); },
      [&] { EXPECT_TRUE(files.remove_all(folder_ / "c").ok()); },
  };
  for (const Change& change : changes) {
    if (!fs::exists(folder_ / "a")) {
      const PersistenceBoundary guard(Boundary::kExport);
      ASSERT_TRUE(files.write_atomic(folder_ / "a", "x").ok());
    }
    reset_boundary_counts();
    {
      const PersistenceBoundary guard(Boundary::kSpoolTrim);
      change();
    }
    const BoundaryCounts inside = boundary_counts();
    EXPECT_GT(inside.changes_of(Boundary::kSpoolTrim), 0U);
    EXPECT_EQ(inside.changes_outside, 0U) << inside.first_outside;
    if (!fs::exists(folder_ / "a")) {
      const PersistenceBoundary guard(Boundary::kExport);
      ASSERT_TRUE(files.write_atomic(folder_ / "a", "x").ok());
    }
    change();
    const BoundaryCounts outside = boundary_counts();
    EXPECT_GT(outside.changes_outside, 0U);
    EXPECT_NE(outside.first_outside.find(folder_.string()), std::string::npos)
        << outside.first_outside;
  }
  reset_boundary_counts();
  EXPECT_TRUE(files.read(folder_ / "b").ok());
  EXPECT_EQ(boundary_counts().changes_outside, 0U) << "reading is no change";
}

TEST_F(Boundaries, ProcessDiesAtThePassingThatIsNamed) {
  int passed = 0;
  EXPECT_EQ(end_of_child(std::nullopt, &passed), 0);
  EXPECT_EQ(passed, 3);
  EXPECT_EQ(end_of_child(Death{Boundary::kSpoolAppend, 2, false}, &passed), SIGKILL);
  EXPECT_EQ(passed, 1);
  EXPECT_EQ(end_of_child(Death{Boundary::kSpoolAppend, 2, true}, &passed), SIGKILL);
  EXPECT_EQ(passed, 2);
  EXPECT_EQ(end_of_child(Death{Boundary::kSpoolAppend, 4, false}, &passed), 0);
  EXPECT_EQ(end_of_child(Death{Boundary::kSpoolTrim, 1, false}, &passed), 0);
  EXPECT_EQ(passed, 3);
}

// Without the fixture: its folder would be left by the processes that die here.
TEST(BoundaryDeaths, EnvironmentSaysWhere) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // a fresh process reads it
  ::setenv("CAIRN_DIE_AT", "spool.trim:1:after", 1);
  EXPECT_EXIT(const PersistenceBoundary guard(Boundary::kSpoolTrim),
              ::testing::KilledBySignal(SIGKILL), "");
  ::setenv("CAIRN_DIE_AT", "spol.trim:1", 1);
  EXPECT_DEATH(const PersistenceBoundary guard(Boundary::kSpoolTrim), "did you mean 'spool.trim'");
  ::unsetenv("CAIRN_DIE_AT");
}

TEST_F(Boundaries, TextOfADeathIsChecked) {
  const auto death = parse_death("store.append:12:after");
  ASSERT_TRUE(death.ok());
  EXPECT_EQ(death->boundary, Boundary::kStoreAppend);
  EXPECT_EQ(death->passing, 12U);
  EXPECT_TRUE(death->after);
  EXPECT_FALSE(parse_death("store.append:1")->after);
  EXPECT_TRUE(parse_death("store.append:1:before").ok());
  for (const char* text : {"", "store.append", "store.append:0", "store.append:x",
                           "store.append:1x", "store.append:1:during", "nowhere:1", "a:b:c:d"}) {
    EXPECT_FALSE(parse_death(text).ok()) << text;
  }
}

}  // namespace
}  // namespace cairn
