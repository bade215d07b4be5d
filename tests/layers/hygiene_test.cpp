#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/layers/rules.h"

namespace cairn::layers {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Hygiene, TheTreeIsClean) {
  std::vector<std::string> breaches;
  for (const auto& file : read_tree(CAIRN_SOURCE_DIR))
    for (auto& breach : hygiene_breaches(file)) breaches.push_back(std::move(breach));
  EXPECT_THAT(breaches, IsEmpty());
}

TEST(Hygiene, LongFilesAreFound) {
  SourceFile file{"core/base/a.cpp", std::vector<std::string>(500, "int x;")};
  EXPECT_THAT(hygiene_breaches(file), IsEmpty());
  file.lines.emplace_back("int y;");
  EXPECT_THAT(hygiene_breaches(file), SizeIs(1));
}

TEST(Hygiene, OnlyTheLargeModelAndTheReferenceExcuseASkippedTest) {
  const std::string skip = std::string("GTEST_") + "SKIP() << why;";
  EXPECT_THAT(hygiene_breaches({"tests/a_test.cpp", {skip}}), SizeIs(1));
  for (const std::string name : {"CAIRN_SMOLLM2", "CAIRN_PYTHON"}) {
    EXPECT_THAT(hygiene_breaches({"tests/a_test.cpp", {"getenv(\"" + name + "\")", skip}}),
                IsEmpty());
  }
}

// Two halves, so that this file stays clean itself.
struct Halves {
  const char* first;
  const char* second;
  std::size_t breaches;
};

const Halves kLines[] = {{"// TO", "DO: later", 1},
                         {"// FIX", "ME", 1},
                         {"return error(\"not imple", "mented\");", 1},
                         {"auto path = \"/ro", "ot/x\";", 1},
                         {"cd /wo", "rk/main", 1},
                         {"std::this_thread::sleep", "_for(1s);", 1},
                         {"} catch (...) ", "{ }", 1},
                         {"int to", "do = 1;", 0},
                         {"networks and /usr/share", "/doc", 0},
                         {"https://example.org/wo", "rk/x", 0}};

TEST(Hygiene, ForbiddenTextIsFound) {
  for (const auto& halves : kLines) {
    const std::string line = std::string(halves.first) + halves.second;
    EXPECT_THAT(hygiene_breaches({"core/base/a.cpp", {line}}), SizeIs(halves.breaches)) << line;
  }
}

}  // namespace
}  // namespace cairn::layers
