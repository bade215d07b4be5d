#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/plugin/manifest.h"
#include "core/plugin/manifest_cache.h"
#include "core/sdk/plugin.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

const fs::path kPlugins = CAIRN_BINARY_DIR "/test-plugins";
const fs::path kNoop = CAIRN_BINARY_DIR "/plugins/noop.so";
const fs::path kHost = CAIRN_BINARY_DIR "/bin/cairn-host";
// A describer that fails the test when it is run.
const fs::path kNobody = "/nonexistent/describer";

class Plugins : public ::testing::Test {
 protected:
  Plugins() : folder_(make_private_folder(fs::temp_directory_path(), "registry-").value()) {
    ::setenv("XDG_CACHE_HOME", (folder_ / "cache").c_str(), 1);
  }
  ~Plugins() override { fs::remove_all(folder_); }

  fs::path place(const fs::path& library, const std::string& folder, bool with_manifest = false) {
    fs::create_directories(folder_ / folder);
    const fs::path to = folder_ / folder / library.filename();
    fs::copy_file(library, to);
    if (with_manifest) fs::copy_file(manifest_path(library), manifest_path(to));
    return to;
  }
  fs::path folder_;
};

TEST_F(Plugins, AManifestBesideTheLibraryIsEnough) {
  const fs::path library = place(kNoop, "p", true);
  const auto registry = Registry::scan({folder_ / "p"}, kNobody);
  ASSERT_TRUE(registry.ok()) << registry.error().to_string();
  EXPECT_TRUE(registry->problems().empty()) << registry->problems()[0].to_string();
  EXPECT_THAT(registry->stage_types(), ElementsAre("noop"));
  ASSERT_NE(registry->find("noop"), nullptr);
  EXPECT_EQ(registry->find("noop")->library->library, library);
  EXPECT_EQ(registry->find("nope"), nullptr);
}

TEST_F(Plugins, AFolderNamedTwiceIsReadOnce) {
  place(kNoop, "p", true);
  fs::create_directory_symlink(folder_ / "p", folder_ / "link");
  const auto registry =
      Registry::scan({folder_ / "p", folder_ / "p" / "", folder_ / "link"}, kNobody);
  ASSERT_TRUE(registry.ok()) << registry.error().to_string();
  EXPECT_TRUE(registry->problems().empty()) << registry->problems()[0].to_string();
}

TEST_F(Plugins, AManifestOfAnotherBuildIsNotBelieved) {
  const fs::path library = place(kNoop, "p", true);
  std::ofstream(library, std::ios::app) << "more";
  const auto registry = Registry::scan({folder_ / "p"}, kNobody);
  ASSERT_TRUE(registry.ok());
  ASSERT_EQ(registry->problems().size(), 1u);
  EXPECT_TRUE(registry->stage_types().empty());
  EXPECT_THAT(Registry::scan({folder_ / "p"}, kHost)->stage_types(), ElementsAre("noop"));
}

TEST_F(Plugins, ADescriptionIsKeptUntilTheLibraryChanges) {
  const fs::path library = place(kNoop, "p");
  EXPECT_EQ(Registry::scan({folder_ / "p"}, kNobody)->problems().size(), 1u);
  EXPECT_TRUE(Registry::scan({folder_ / "p"}, kHost)->problems().empty());
  EXPECT_TRUE(Registry::scan({folder_ / "p"}, kNobody)->problems().empty()) << "not from the cache";
  // Same bytes, other time: found again by its digest.
  fs::last_write_time(library, fs::last_write_time(library) + std::chrono::hours(1));
  EXPECT_TRUE(Registry::scan({folder_ / "p"}, kNobody)->problems().empty());
  fs::remove(library);
  fs::copy_file(kPlugins / "probe.so", library);
  EXPECT_EQ(Registry::scan({folder_ / "p"}, kNobody)->problems().size(), 1u);
  EXPECT_NE(Registry::scan({folder_ / "p"}, kHost)->find("probe.count"), nullptr);
}

TEST_F(Plugins, ADamagedCacheIsMadeAgain) {
  place(kNoop, "p");
  ASSERT_TRUE(Registry::scan({folder_ / "p"}, kHost)->problems().empty());
  for (const auto& entry : fs::directory_iterator(folder_ / "cache/cairn/manifests"))
    std::ofstream(entry.path()) << "{";
  EXPECT_TRUE(Registry::scan({folder_ / "p"}, kHost)->problems().empty());
}

TEST_F(Plugins, AFileNameOfAnEarlierFolderShadowsLaterOnes) {
  const fs::path first = place(kNoop, "a");
  fs::create_directory(folder_ / "b");
  fs::copy_file(kPlugins / "none.so", folder_ / "b/noop.so");
  const auto registry = Registry::scan({folder_ / "a", folder_ / "b"}, kHost);
  ASSERT_TRUE(registry.ok());
  EXPECT_TRUE(registry->problems().empty());
  EXPECT_THAT(registry->stage_types(), ElementsAre("noop"));
  EXPECT_EQ(registry->find("noop")->library->library, first);
  EXPECT_THAT(Registry::scan({folder_ / "b", folder_ / "a"}, kHost)->stage_types(),
              ElementsAre("fine"));
}

TEST_F(Plugins, AStageTypeOfTwoLibrariesIsOfNeither) {
  const fs::path first = place(kPlugins / "none.so", "a");
  const fs::path second = place(kPlugins / "two_libraries.so", "b");
  const auto registry = Registry::scan({folder_ / "a", folder_ / "b"}, kHost);
  ASSERT_TRUE(registry.ok());
  EXPECT_TRUE(registry->problems().empty()) << registry->problems()[0].to_string();
  EXPECT_EQ(registry->find("fine"), nullptr);
  ASSERT_NE(registry->conflict("fine"), nullptr);
  EXPECT_EQ(registry->conflict("fine")->message,
            "stage type 'fine' is in 2 libraries: " + first.string() + ", " + second.string());
  EXPECT_THAT(registry->stage_types(), ElementsAre("other"));
  EXPECT_EQ(registry->conflict("other"), nullptr);
  EXPECT_EQ(registry->conflict("nope"), nullptr);
}

TEST_F(Plugins, ACopyUnderAnotherNameIsNoConflict) {
  const fs::path first = place(kNoop, "a");
  fs::copy_file(kNoop, folder_ / "a/zopy.so");
  const auto registry = Registry::scan({folder_ / "a"}, kHost);
  EXPECT_EQ(registry->conflict("noop"), nullptr);
  EXPECT_EQ(registry->find("noop")->library->library, first);
}

TEST_F(Plugins, ABrokenLibraryDoesNotHideTheOthers) {
  place(kNoop, "p");
  place(kPlugins / "constructor_crashes.so", "p");
  const auto registry = Registry::scan({folder_ / "p"}, kHost);
  ASSERT_TRUE(registry.ok());
  EXPECT_THAT(registry->stage_types(), ElementsAre("noop"));
  ASSERT_EQ(registry->problems().size(), 1u);
  EXPECT_THAT(registry->problems()[0].message, HasSubstr("constructor_crashes.so"));
  EXPECT_FALSE(Registry::scan({folder_ / "absent"}, kHost).ok());
}

TEST_F(Plugins, AManifestOfAnotherCompilerIsAProblemBeforeAnythingRuns) {
  const fs::path library = place(kNoop, "p", true);
  std::string text = real_file_system().read(manifest_path(library)).value();
  const auto at = text.find(CAIRN_COMPILER);
  ASSERT_NE(at, std::string::npos);
  text.replace(at, std::string(CAIRN_COMPILER).size(), "g++ 5");
  ASSERT_TRUE(real_file_system().write_atomic(manifest_path(library), text).ok());
  const auto registry = Registry::scan({folder_ / "p"}, kNobody);
  ASSERT_EQ(registry->problems().size(), 1u);
  EXPECT_THAT(registry->problems()[0].message, HasSubstr("compiler is g++ 5"));
}

}  // namespace
}  // namespace cairn
