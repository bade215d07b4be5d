// docs/stages is what the stage types of this tree say of themselves. CAIRN_UPDATE_GOLDENS=1
// writes it anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <set>

#include "core/plugin/lint.h"
#include "core/plugin/manifest.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

constexpr const char* kHead =
    "# Stage types\n\nWhat each stage type of this tree says of itself, as `cairn plugins "
    "describe` "
    "prints it; a test\ncompares. How to write one is in [plugins.md](../plugins.md).\n\n"
    "| stage type | what it does |\n|---|---|\n";

void expect_same(const fs::path& file, const std::string& text) {
  if (std::getenv("CAIRN_UPDATE_GOLDENS") != nullptr) {
    fs::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
  } else {
    EXPECT_EQ(real_file_system().read(file).value_or(""), text)
        << "CAIRN_UPDATE_GOLDENS=1 writes it anew";
  }
}

// Every stage type of the tree has documentation, sound names and valid defaults.
TEST(Reference, NoDeclarationLacksAnything) {
  const Place place;
  const fs::path plugins = fs::path(CAIRN_BINARY_DIR) / "plugins";
  std::size_t types = 0;
  for (const auto& entry : fs::directory_iterator(plugins)) {
    if (entry.path().extension() != ".manifest") continue;
    const auto manifest = library_manifest_from_json(
        parse_json_object(real_file_system().read(entry.path()).value()).value());
    ASSERT_TRUE(manifest.ok()) << manifest.error().to_string();
    for (const StageDecl& stage : manifest->stages) {
      ++types;
      for (const std::string& finding : lint(stage)) ADD_FAILURE() << stage.name << ": " << finding;
    }
  }
  EXPECT_GE(types, 15u);
}

// Those that need nothing from outside keep what is asked of every stage.
TEST(Reference, SmallStagesPassTheCheck) {
  const Place place;
  for (const char* name : {"noop", "shell", "exec", "import"}) {
    const Finished done =
        place.run({"plugins", "check", CAIRN_BINARY_DIR "/plugins/" + std::string(name) + ".so"});
    EXPECT_EQ(done.exit_code, 0) << done.out;
  }
}

TEST(Reference, IsWhatTheStageTypesSay) {
  const Place place;
  const fs::path plugins = fs::path(CAIRN_BINARY_DIR) / "plugins";
  const fs::path folder = fs::path(CAIRN_SOURCE_DIR) / "docs/stages";
  std::string index = kHead;
  std::set<fs::path> files = {"README.md"};
  const json::value listed = place.run_json({"plugins", "list"});
  for (const auto& type : listed.at("stage_types").as_array()) {
    if (fs::path(type.at("library").as_string().c_str()).parent_path() != plugins) continue;
    const std::string name(type.at("name").as_string());
    files.insert(name + ".md");
    index +=
        "| [`" + name + "`](" + name + ".md) | " + std::string(type.at("doc").as_string()) + " |\n";
    expect_same(folder / (name + ".md"), place.run({"plugins", "describe", name}).out);
  }
  expect_same(folder / "README.md", index);
  for (const auto& entry : fs::directory_iterator(folder))
    EXPECT_TRUE(files.contains(entry.path().filename())) << entry.path() << " is of no stage type";
}

}  // namespace
}  // namespace cairn::e2e
