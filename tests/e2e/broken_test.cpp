// Plugins that are broken on purpose, one way each: broken/NAME.txt says what is put where, which
// commands are given and, to the letter, what they answer (transcript.h). Afterwards the same state
// folder serves a good workflow, `doctor` finds nothing, and no process is left.
//
//   library NAME [as PATH]         copies a test's library, to plugins/NAME.so where left out
//   cut PATH BYTES                 keeps the beginning of a file
//   patch PATH OFFSET HEX          overwrites bytes
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "core/sdk/plugin.h"
#include "tests/e2e/transcript.h"

namespace cairn::e2e {
namespace {

const fs::path kCases = fs::path(CAIRN_SOURCE_DIR) / "tests/e2e/broken";

// A host without LibTorch has no version of it to compare.
constexpr bool kComparesTorch = std::string_view(CAIRN_VERSION_OF_TORCH) != "none";

constexpr const char* kGood = R"(cairn: 1
name: good
stages:
  greet: {uses: shell, with: {run: "echo hello > t", outputs: {text: t}}}
  walk: {uses: probe.count, with: {steps: 3}, after: [greet]}
)";

class BrokenPlugin : public Transcript {
 public:
  using Transcript::Transcript;
  [[nodiscard]] const std::vector<fs::path>& broken() const { return broken_; }

 private:
  bool prepare(const std::vector<std::string>& words) override {
    const std::string& verb = words.at(0);
    if (verb == "library") {
      const fs::path to = path(words.size() > 3 ? words[3] : "plugins/" + words.at(1) + ".so");
      fs::create_directories(to.parent_path());
      fs::copy_file(fs::path(CAIRN_TEST_PLUGINS) / (words.at(1) + ".so"), to);
      broken_.push_back(to);
    } else if (verb == "cut") {
      fs::resize_file(path(words.at(1)), std::stoul(words.at(2)));
    } else if (verb == "patch") {
      std::fstream file(path(words.at(1)), std::ios::binary | std::ios::in | std::ios::out);
      file.seekp(std::stol(words.at(2)));
      file.put(static_cast<char>(std::stoi(words.at(3), nullptr, 16)));
    } else {
      if (verb == "text") broken_.push_back(path(words.at(1)));
      return false;
    }
    return true;
  }

  [[nodiscard]] std::string stable(std::string text) const override {
    text = replaced(std::move(text), CAIRN_COMPILER, "<COMPILER>");
    text = replaced(std::move(text), CAIRN_STDLIB, "<STDLIB>");
    text = replaced(std::move(text), BOOST_LIB_VERSION, "<BOOST>");
    if (kComparesTorch) text = replaced(std::move(text), CAIRN_VERSION_OF_TORCH, "<TORCH>");
    return Transcript::stable(std::move(text));
  }

  std::vector<fs::path> broken_;
};

class Broken : public testing::TestWithParam<std::string> {};

TEST_P(Broken, SaysWhatIsWrongAndHarmsNothing) {
  const Place place;
  BrokenPlugin plugin(place);
  plugin.check(kCases / (GetParam() + ".txt"));

  // The broken library is still there.
  const auto good = place.run_json({"run", "-q", place.write("good.yaml", kGood).string()});
  EXPECT_EQ(status_of(good), "succeeded");
  for (const fs::path& path : plugin.broken()) fs::remove(path);
  const Finished doctor = place.run({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << doctor.out;
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); })) << "a process is left";
}

std::vector<std::string> cases() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() == ".txt" && (kComparesTorch || name != "wrong_torch"))
      names.push_back(name);
  }
  std::ranges::sort(names);
  return names;
}

INSTANTIATE_TEST_SUITE_P(Plugins, Broken, testing::ValuesIn(cases()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace cairn::e2e
