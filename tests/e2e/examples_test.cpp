// The numbered examples, each with what it shows: examples/NAME.txt is what a user types and reads
// (transcript.h), with workflows/examples in the folder.
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/e2e/transcript.h"

namespace cairn::e2e {
namespace {

const fs::path kExamples = fs::path(CAIRN_SOURCE_DIR) / "workflows/examples";
const fs::path kTranscripts = fs::path(CAIRN_SOURCE_DIR) / "tests/e2e/examples";

std::vector<std::string> names() {
  std::vector<std::string> list;
  for (const auto& entry : fs::directory_iterator(kExamples))
    if (entry.path().extension() == ".yaml") list.push_back(entry.path().stem().string());
  std::ranges::sort(list);
  return list;
}

class Example : public testing::TestWithParam<std::string> {};

TEST_P(Example, DoesWhatItsTranscriptSays) {
  const Place place;
  fs::copy(kExamples, place.folder(),
           fs::copy_options::recursive | fs::copy_options::overwrite_existing);
  Transcript(place).check(kTranscripts / (GetParam() + ".txt"));
}

INSTANTIATE_TEST_SUITE_P(Workflows, Example, testing::ValuesIn(names()), [](const auto& info) {
  std::string name = info.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

}  // namespace
}  // namespace cairn::e2e
