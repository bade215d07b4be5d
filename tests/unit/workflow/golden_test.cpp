// goldens/NAME.yaml is checked, goldens/NAME.txt is what a user reads. With CAIRN_UPDATE_GOLDENS=1
// the texts are written anew, for a person to read before they are committed.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

const fs::path kFolder = fs::path(CAIRN_SOURCE_DIR) / "tests/unit/workflow/goldens";

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

class Golden : public ::testing::TestWithParam<std::string> {};

TEST_P(Golden, DiagnosticsReadAsCommitted) {
  const fs::path file = kFolder / (GetParam() + ".yaml");
  WorkflowRequest request;
  request.file = file.filename();
  request.text = read(file);
  auto checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok());
  EXPECT_FALSE(checked->spec.has_value());
  const fs::path golden = kFolder / (GetParam() + ".txt");
  if (std::getenv("CAIRN_UPDATE_GOLDENS") != nullptr) {
    std::ofstream(golden, std::ios::binary) << checked->diagnostics.to_text();
  }
  EXPECT_EQ(checked->diagnostics.to_text(), read(golden));
}

std::vector<std::string> names() {
  std::vector<std::string> found;
  for (const auto& entry : fs::directory_iterator(kFolder)) {
    if (entry.path().extension() == ".yaml") found.push_back(entry.path().stem().string());
  }
  std::ranges::sort(found);
  return found;
}

INSTANTIATE_TEST_SUITE_P(Workflow, Golden, ::testing::ValuesIn(names()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace cairn
