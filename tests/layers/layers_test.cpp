#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/layers/rules.h"

namespace cairn::layers {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(Layers, EveryIncludePointsDown) {
  const auto files = read_tree(CAIRN_SOURCE_DIR);
  ASSERT_GT(files.size(), 50u) << "the tree was not found at " << CAIRN_SOURCE_DIR;
  std::vector<std::string> breaches;
  for (const auto& file : files)
    for (auto& breach : layer_breaches(file)) breaches.push_back(std::move(breach));
  EXPECT_THAT(breaches, IsEmpty());
}

struct Planted {
  const char* path;
  const char* line;
  bool allowed;
};

class PlantedInclude : public ::testing::TestWithParam<Planted> {};

TEST_P(PlantedInclude, IsJudged) {
  const auto& planted = GetParam();
  const auto breaches = layer_breaches({planted.path, {"// first line", planted.line}});
  if (planted.allowed) {
    EXPECT_THAT(breaches, IsEmpty());
  } else {
    EXPECT_THAT(breaches, ElementsAre(HasSubstr(std::string(planted.path) + ":2: ")));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Layers, PlantedInclude,
    ::testing::Values(Planted{"core/base/a.cpp", "#include \"core/sdk/stage.h\"", false},
                      Planted{"core/sdk/a.h", "#include \"core/base/result.h\"", true},
                      Planted{"core/store/a.cpp", "#include \"core/artifacts/store.h\"", false},
                      Planted{"core/engine/a.cpp", "#include \"core/store/run_store.h\"", true},
                      Planted{"core/engine/a.cpp", "#include \"core/host/host.h\"", false},
                      Planted{"core/cli/a.cpp", "#include \"core/server/server.h\"", true},
                      Planted{"core/cli/a.cpp", "#include \"core/testing/fakes.h\"", false},
                      Planted{"core/testing/a.cpp", "#include \"core/engine/engine.h\"", true},
                      Planted{"core/unheard/a.cpp", "#include \"core/base/result.h\"", false},
                      Planted{"core/cli/a.cpp", "#include \"plugins/lib/text/records.h\"", false},
                      Planted{"plugins/sft/a.cpp", "#include \"core/engine/engine.h\"", false},
                      Planted{"plugins/sft/a.cpp", "#include \"core/sdk/stage.h\"", true},
                      Planted{"plugins/sft/a.cpp", "#include \"plugins/eval/grader.h\"", false},
                      Planted{"plugins/sft/a.cpp", "#include \"plugins/lib/model/qwen3.h\"", true},
                      Planted{"plugins/lib/rl/a.cpp", "#include \"plugins/sft/loop.h\"", false},
                      Planted{"core/engine/a.cpp", "  #  include <rocksdb/db.h>", false},
                      Planted{"core/store/a.cpp", "#include <rocksdb/db.h>", true},
                      Planted{"core/engine/a.cpp", "#include <grpcpp/grpcpp.h>", false},
                      Planted{"core/executors/a.cpp", "#include \"schemas/host.grpc.pb.h\"", false},
                      Planted{"core/host/a.cpp", "#include \"schemas/host.grpc.pb.h\"", true},
                      Planted{"core/plugin/a.cpp", "#include <yaml-cpp/yaml.h>", false},
                      Planted{"core/workflow/a.cpp", "#include <yaml-cpp/yaml.h>", true},
                      Planted{"core/host/a.cpp", "#include <torch/torch.h>", false},
                      Planted{"core/sdk/plugin.h", "#include <torch/version.h>", true},
                      Planted{"plugins/rl_stage/a.cpp", "#include <ATen/ATen.h>", true},
                      Planted{"tests/unit/store/a.cpp", "#include <rocksdb/db.h>", true}));

}  // namespace
}  // namespace cairn::layers
