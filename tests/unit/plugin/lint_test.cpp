// What a declaration lacks, though it can be loaded.
#include "core/plugin/lint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/stage_type.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

struct Fine : Stage {
  Param<std::int64_t> most{this, "most", 3, "How many", AtLeast{1}};
  Param<Secret> key{this, "key", Secret(), "A key"};
  Output<kind::File> made{this, "made", "What it made"};
  Metric loss{this, "loss_*", "nats", "A loss"};
  Result<void> run(StageContext&) override { return {}; }
};

struct Careless : Stage {
  Param<std::int64_t> most{this, "most", 0, " ", AtLeast{1}};
  Param<std::string> id{this, "2 d", "", "An id", Pattern{"[a-"}};
  Param<double> share{this, "share", 0.5, "A share", Range{1, 0}};
  Param<double> twice{this, "most", 0.5, "Again"};
  Check order{this, share < most, "a share is smaller"};
  Output<kind::File> made{this, "made", ""};
  Output<kind::File> again{this, "made", "Again"};
  Metric loss{this, "loss", "", "A loss"};
  Checkpoints checkpoints{this, "", ""};
  Result<void> run(StageContext&) override { return {}; }
};

TEST(Lint, HasNothingToSayOfACarefulStage) {
  EXPECT_THAT(lint(stage_type<Fine>("acme.fine", "Does what it should").declaration()), IsEmpty());
}

TEST(Lint, NamesEverythingAtOnce) {
  EXPECT_THAT(
      lint(stage_type<Careless>("care less", "").declaration()),
      ElementsAre(
          "stage type 'care less' is no good name: letters, digits, '_' and '-', a letter first",
          "stage type 'care less' has no documentation", "parameter 'most' has no documentation",
          "the default of parameter 'most' is wrong: parameter 'most' must be at least 1, not 0",
          "parameter '2 d' is no good name: letters, digits, '_' and '-', a letter first",
          "parameter '2 d': the pattern [a- is wrong at character 4: missing terminating ] for "
          "character class",
          "the default of parameter '2 d' is wrong: parameter '2 d': the pattern [a- is wrong at "
          "character 4: missing terminating ] for character class",
          "parameter 'share' has an empty range",
          "the default of parameter 'share' is wrong: parameter 'share' must be between 1 and 0, "
          "not 0.5",
          "parameter 'most' is declared twice", "output 'made' has no documentation",
          "output 'made' is declared twice", "metric 'loss' has no unit",
          "its checkpoints have no documentation", "its checkpoints do not say what a step counts",
          "the defaults break the check (share < most)"));
}

}  // namespace
}  // namespace cairn
