#include "plugins/report/evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/json.h"
#include "plugins/report/paper.h"

namespace cairn::report {
namespace {

using ::testing::HasSubstr;

json::object summary() {
  return parse_json_object(R"({"name":"eval","n":2,"average":0.5,"ci95":[0.0,1.0],
    "tasks":{"reading":{"n":2,"mean":0.5,"ci95":[0.0,1.0]}},"well_formed":1.0,"abstentions":0,
    "seed":0,"items":[{"id":"b","task":"reading","score":1},{"id":"a","task":"reading","score":0}]})")
      .value();
}

std::string error_of(const json::object& object) {
  const auto result = evaluation_from_text(canonical_json(object));
  return result.ok() ? "" : result.error().message;
}

TEST(Evidence, ReadsASummary) {
  const auto evaluation = evaluation_from_text(canonical_json(summary())).value();
  EXPECT_EQ(evaluation.name, "eval");
  EXPECT_EQ(evaluation.tasks.at("reading").n, 2);
  EXPECT_EQ(evaluation.items.front().id, "a");
}

TEST(Evidence, NamesWhatIsWrongWithASummary) {
  EXPECT_THAT(evaluation_from_text("[]").error().message, HasSubstr("object"));
  auto broken = summary();
  broken.erase("ci95");
  EXPECT_THAT(error_of(broken), HasSubstr("'ci95' is missing"));
  broken = summary();
  broken["tasks"].as_object()["reading"].as_object()["mean"] = "half";
  EXPECT_THAT(error_of(broken), HasSubstr("task 'reading'"));
  broken = summary();
  broken["ci95"] = json::array{1.0, 0.0};
  EXPECT_THAT(error_of(broken), HasSubstr("wrong way"));
  broken = summary();
  broken["items"].as_array()[1].as_object()["id"] = "b";
  EXPECT_THAT(error_of(broken), HasSubstr("'b' stands there twice"));
  broken = summary();
  broken["n"] = 3;
  EXPECT_THAT(error_of(broken), HasSubstr("'n' is 3, but there are 2 items"));
  broken = summary();
  broken["average"] = 0.75;
  EXPECT_THAT(error_of(broken), HasSubstr("the mean of its items is 0.5"));
}

class TrainingFile : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = make_private_folder(fs::temp_directory_path(), "cairn-report-").value();
  }
  void TearDown() override { ASSERT_TRUE(real_file_system().remove_all(folder_).ok()); }
  void write(const std::string& text) {
    ASSERT_TRUE(real_file_system().write_atomic(folder_ / "steps.jsonl", text).ok());
  }
  static std::string line(int step, const std::string& update) {
    return R"({"step":)" + std::to_string(step) +
           R"(,"reward_mean":0.25,"entropy":0.5,"length_mean":7,"overlong":0,"masking":true,)" +
           R"("update":")" + update + "\"}\n";
  }
  fs::path folder_;
};

TEST_F(TrainingFile, IsReadInOrder) {
  write(line(1, "applied") + line(2, "no_signal"));
  const auto training = read_training(folder_).value();
  ASSERT_EQ(training.steps.size(), 2u);
  EXPECT_EQ(training.steps[1].update, Update::kNoSignal);
  EXPECT_TRUE(training.steps[0].masking);
}

TEST_F(TrainingFile, ThatIsMissingOrWrongIsAnError) {
  EXPECT_FALSE(read_training(folder_).ok());
  write(line(2, "applied") + line(2, "applied"));
  EXPECT_THAT(read_training(folder_).error().message, HasSubstr("step 2 does not follow step 2"));
  write(line(1, "perhaps"));
  EXPECT_THAT(read_training(folder_).error().message, HasSubstr("perhaps"));
}

TEST(PaperFigures, AreThoseOfTheRecipe) {
  const auto paper = paper_from_text(paper_text()).value();
  ASSERT_FALSE(paper.tables.empty());
  const auto& stages = paper.tables.front();
  EXPECT_EQ(stages.id, "table10");
  ASSERT_EQ(stages.rows.size(), 8u);
  EXPECT_EQ(stages.rows.front().values.front(), 61.92);
  EXPECT_EQ(stages.rows.back().values.front(), 71.82);
  EXPECT_EQ(stages.rows[1].values.back(), std::nullopt);
}

// Cell by cell against the full list of the paper's numbers.
TEST(PaperFigures, AgreeWithTheReference) {
  const auto paper = paper_from_text(paper_text()).value();
  const auto reference =
      paper_from_text(
          real_file_system().read(fs::path(CAIRN_SOURCE_DIR) / "tests/data/paper.json").value())
          .value();
  for (const auto& table : paper.tables) {
    const auto found = std::ranges::find(reference.tables, table.id, &PaperTable::id);
    ASSERT_NE(found, reference.tables.end()) << table.id;
    ASSERT_EQ(table.rows.size(), found->rows.size()) << table.id;
    for (std::size_t i = 0; i < table.rows.size(); ++i) {
      EXPECT_EQ(table.rows[i].name, found->rows[i].name);
      EXPECT_EQ(table.rows[i].values, found->rows[i].values) << table.rows[i].name;
    }
  }
}

}  // namespace
}  // namespace cairn::report
