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

const Planted kPlanted[] = {
    {"core/base/a.cpp", "#include \"core/sdk/stage.h\"", false},
    {"core/sdk/a.h", "#include \"core/base/result.h\"", true},
    {"core/store/a.cpp", "#include \"core/artifacts/store.h\"", false},
    {"core/engine/a.cpp", "#include \"core/store/run_store.h\"", true},
    {"core/engine/a.cpp", "#include \"core/host/host.h\"", false},
    {"core/cli/a.cpp", "#include \"core/server/server.h\"", true},
    {"core/cli/a.cpp", "#include \"core/testing/fakes.h\"", false},
    {"core/testing/a.cpp", "#include \"core/engine/engine.h\"", true},
    {"core/unheard/a.cpp", "#include \"core/base/result.h\"", false},
    {"core/cli/a.cpp", "#include \"plugins/lib/text/records.h\"", false},
    {"plugins/sft/a.cpp", "#include \"core/engine/engine.h\"", false},
    {"plugins/sft/a.cpp", "#include \"core/sdk/stage.h\"", true},
    {"plugins/sft/a.cpp", "#include \"plugins/eval/grader.h\"", false},
    {"plugins/sft/a.cpp", "#include \"plugins/lib/model/causal_lm.h\"", true},
    {"plugins/lib/rl/a.cpp", "#include \"plugins/sft/loop.h\"", false},
    {"core/engine/a.cpp", "  #  include <rocksdb/db.h>", false},
    {"core/store/a.cpp", "#include <rocksdb/db.h>", true},
    {"core/engine/a.cpp", "#include <grpcpp/grpcpp.h>", false},
    {"core/executors/a.cpp", "#include \"schemas/host.grpc.pb.h\"", false},
    {"core/host/a.cpp", "#include \"schemas/host.grpc.pb.h\"", true},
    {"core/plugin/a.cpp", "#include <yaml-cpp/yaml.h>", false},
    {"core/workflow/a.cpp", "#include <yaml-cpp/yaml.h>", true},
    {"core/http/a.cpp", "#include \"core/base/result.h\"", true},
    {"core/http/a.cpp", "#include \"core/sdk/stage.h\"", false},
    {"core/server/a.cpp", "#include \"core/http/server.h\"", true},
    {"core/server/a.cpp", "#include <boost/beast/http.hpp>", false},
    {"plugins/model_cli/a.cpp", "#include \"core/http/server.h\"", true},
    {"plugins/sft/a.cpp", "#include \"core/http/server.h\"", false},
    {"core/host/a.cpp", "#include <torch/torch.h>", false},
    {"core/sdk/plugin.h", "#include <torch/version.h>", true},
    {"plugins/rl_stage/a.cpp", "#include <ATen/ATen.h>", true},
    {"tests/unit/store/a.cpp", "#include <rocksdb/db.h>", true}};

TEST(Layers, APlantedIncludeIsJudged) {
  for (const auto& planted : kPlanted) {
    SCOPED_TRACE(std::string(planted.path) + ": " + planted.line);
    const auto breaches = layer_breaches({planted.path, {"// first line", planted.line}});
    if (planted.allowed) {
      EXPECT_THAT(breaches, IsEmpty());
    } else {
      EXPECT_THAT(breaches, ElementsAre(HasSubstr(std::string(planted.path) + ":2: ")));
    }
  }
}

}  // namespace
}  // namespace cairn::layers
