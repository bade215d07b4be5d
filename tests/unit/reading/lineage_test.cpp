#include <gtest/gtest.h>

#include "core/server/reading/lineage_walk.h"
#include "tests/unit/cli/recorded_run.h"

namespace cairn {
namespace {

TEST(Lineage, WalksUpToTheSource) {
  const auto up = walk_up(lineage_document(recorded_run("a")), "report", "out");
  ASSERT_TRUE(up.ok()) << up.error().to_string();
  EXPECT_EQ(up->at("digest").as_string(), digest_of("areport"));
  const auto& inputs = up->at("inputs").as_array();
  ASSERT_EQ(inputs.size(), 2U);
  EXPECT_EQ(object_at(*up, {"inputs", "1"}).at("task"), json::value("train[lr=2]"));
  const auto& source = object_at(*up, {"inputs", "0", "inputs", "0"});
  EXPECT_EQ(source.at("task"), json::value("made"));
  EXPECT_EQ(source.at("port"), json::value("in"));
  EXPECT_EQ(source.at("params").as_object().at("steps"), json::value(4));
  // The second task reads the same source, which is told once.
  EXPECT_EQ(object_at(*up, {"inputs", "1", "inputs", "0"}).at("seen"), json::value(true));
}

TEST(Lineage, SaysWhereAReusedResultCameFrom) {
  RunState state = recorded_run("b");
  state.tasks[0].cached = true;
  state.tasks[0].cached_from = "a/made";
  const auto up = walk_up(lineage_document(state), "made", "out");
  ASSERT_TRUE(up.ok());
  EXPECT_EQ(up->at("reused_from"), json::value("a/made"));
}

TEST(Lineage, WalksDownOverRunsThatReadTheSameArtifact) {
  const Digest shared = digest_of("shared");
  const RunState older = recorded_run("a", {{"made", shared}});
  const RunState newer = recorded_run("b", {{"made", shared}});
  const RunState stranger = recorded_run("c");
  ConsumerIndex index;
  for (const RunState* run : {&older, &newer, &stranger}) index.add(lineage_document(*run));
  const json::array consumers = index.walk_down(shared);
  ASSERT_EQ(consumers.size(), 2U);
  EXPECT_EQ(object_at(consumers, {"0"}).at("run"), json::value("b"));
  EXPECT_EQ(object_at(consumers, {"0"}).at("tasks"), json::value(2));
  EXPECT_EQ(object_at(consumers, {"1"}).at("run"), json::value("a"));
  const auto& report = object_at(consumers, {"0", "outputs", "0", "consumers", "0"});
  EXPECT_EQ(report.at("task"), json::value("report"));
  EXPECT_TRUE(index.walk_down(digest_of("nobody's")).empty());
}

TEST(Lineage, ManyBranchesAreCounted) {
  ConsumerIndex index;
  const Digest shared = digest_of("shared");
  for (int i = 0; i < 25; ++i)
    index.add(lineage_document(recorded_run("r" + std::to_string(i), {{"made", shared}})));
  const json::array consumers = index.walk_down(shared);
  EXPECT_EQ(consumers.size(), kBranchesShown);
  EXPECT_EQ(consumers.back().as_object().at("more"), json::value(5));
}

TEST(Lineage, MissingPlacesAreNamed) {
  const json::object run = lineage_document(recorded_run("a"));
  const auto stage = walk_up(run, "trian", "out");
  ASSERT_FALSE(stage.ok());
  EXPECT_EQ(stage.error().code, ErrorCode::kNotFound);
  EXPECT_NE(stage.error().hint.find("'train'"), std::string::npos);
  EXPECT_FALSE(walk_up(run, "train", "out").ok());
  EXPECT_TRUE(walk_up(run, "train[lr=1]", "out").ok());
  const auto output = walk_up(run, "made", "nothing");
  ASSERT_FALSE(output.ok());
  EXPECT_NE(output.error().hint.find("out"), std::string::npos);
}

}  // namespace
}  // namespace cairn
