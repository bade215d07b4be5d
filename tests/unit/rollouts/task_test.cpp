// Trainings that run: segments that grow, attempts that repeat steps, writers that were stopped.
#include <atomic>
#include <thread>
#include <tuple>

#include "tests/unit/rollouts/rollouts_test.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct RolloutTaskTest : RolloutsTest {
  [[nodiscard]] json::object page() {
    if (!source_) source_ = reading::RolloutSource::open_task(folder_).value();
    const auto view = source_->view();
    EXPECT_TRUE(view.ok()) << (view.ok() ? "" : view.error().to_string());
    return need(rollout_page(*view, {.limit = 1000}));
  }
  [[nodiscard]] std::vector<std::string> previews() {
    std::vector<std::string> texts;
    const json::object shown = page();
    for (const auto& row : shown.at("rollouts").as_array())
      texts.emplace_back(row.at("preview").as_string());
    return texts;
  }
  static MadeRollout at(std::int64_t step, const std::string& response) {
    MadeRollout made;
    made.step = step;
    made.response = response;
    made.token_data = made_tokens({response});
    return made;
  }
  std::shared_ptr<reading::RolloutSource> source_;
};

TEST_F(RolloutTaskTest, AnEmptyFolderHasNoRolloutsYet) {
  EXPECT_THAT(previews(), IsEmpty());
  RolloutFiles files(folder_, "attempt-1");
  EXPECT_THAT(previews(), IsEmpty());
  write_course(folder_, {{"attempt-1", 0}});
  EXPECT_THAT(previews(), IsEmpty());
  files.add(at(1, "a"));
  files.flush();
  EXPECT_THAT(previews(), ElementsAre("a"));
}

TEST_F(RolloutTaskTest, GrowsWithTheFilesAndOldViewsStay) {
  RolloutFiles files(folder_, "attempt-1");
  write_course(folder_, {{"attempt-1", 0}});
  files.add(at(1, "a"));
  files.flush();
  EXPECT_THAT(previews(), ElementsAre("a"));
  const auto before = source_->view().value();
  files.add(at(1, "b"));
  files.add(at(2, "c"));
  files.flush();
  EXPECT_THAT(previews(), ElementsAre("a", "b", "c"));
  EXPECT_THAT(rows_of(need(rollout_page(before, {}))), ElementsAre(0));
}

TEST_F(RolloutTaskTest, ARowThatIsCutShortIsNotThereYet) {
  RolloutFiles files(folder_, "attempt-1");
  write_course(folder_, {{"attempt-1", 0}});
  files.add(at(1, "a"));
  files.flush();
  const fs::path rows = folder_ / "columns.segments" / "attempt-1";
  std::ifstream first(rows, std::ios::binary);
  const std::string row(std::istreambuf_iterator<char>(first), {});
  for (std::size_t length = 0; length < row.size(); ++length) {
    fs::resize_file(rows, row.size());
    files.columns().seekp(0, std::ios::end);
    files.columns() << row.substr(0, length);
    files.flush();
    ASSERT_THAT(previews(), ElementsAre("a")) << length;
    ASSERT_THAT(page().at("notes").as_array(), IsEmpty()) << length;
  }
}

TEST_F(RolloutTaskTest, RowsBehindADamagedOneAreNotShownAndThatIsSaid) {
  RolloutFiles files(folder_, "attempt-1");
  write_course(folder_, {{"attempt-1", 0}});
  files.add(at(1, "a"));
  files.columns() << std::string(96, 'x');
  files.add(at(1, "b"));
  files.flush();
  EXPECT_THAT(previews(), ElementsAre("a"));
  ASSERT_THAT(page().at("notes").as_array(), SizeIs(1));
  EXPECT_THAT(std::string(page().at("notes").at(0).as_string()), HasSubstr("attempt-1"));
}

TEST_F(RolloutTaskTest, WhatCountsIsWhatACheckpointHeldAndWhatCameAfter) {
  RolloutFiles first(folder_, "attempt-1");
  write_course(folder_, {{"attempt-1", 0}});
  first.add(at(1, "one"));
  const auto body_cut = first.body_end();
  const auto token_cut = first.token_end();
  first.add(at(2, "two, lost"));
  first.add(at(3, "three, lost"));
  first.bodies() << "{\"step\":4,\"id";
  first.flush();
  EXPECT_THAT(previews(), ElementsAre("one", "two, lost", "three, lost"));
  RolloutFiles second(folder_, "attempt-2", body_cut, token_cut);
  EXPECT_THAT(previews(), SizeIs(3)) << "until it says where it goes on";
  write_course(folder_, {{"attempt-1", 1}, {"attempt-2", 0}});
  EXPECT_THAT(previews(), ElementsAre("one"));
  second.add(at(2, "two"));
  second.add(at(3, "three"));
  second.flush();
  EXPECT_THAT(previews(), ElementsAre("one", "two", "three"));
  const auto view = source_->view().value();
  for (std::uint64_t row = 0; row < 3; ++row) {
    const auto body = need(rollout_body(view, {.row = row}));
    EXPECT_EQ(body.at("tokens").at("pieces").at(0), body.at("rollout").at("response"));
  }
  const auto found = need(rollout_search(view, {.text = "three"}, system_clock()));
  EXPECT_THAT(rows_of(found, "hits"), ElementsAre(2));
  EXPECT_THAT(need(rollout_steps(view)).at("steps").as_array(), SizeIs(3));
}

TEST_F(RolloutTaskTest, AForkGoesItsOwnWayBesideSegmentsOfTheRunItCameFrom) {
  RolloutFiles first(folder_, "attempt-1");
  first.add(at(1, "one"));
  RolloutFiles second(folder_, "attempt-2", first.body_end(), first.token_end());
  second.add(at(2, "the old way"));
  RolloutFiles fork(folder_, "attempt-1.2", first.body_end(), first.token_end());
  fork.add(at(2, "the new way"));
  for (auto* files : {&first, &second, &fork}) files->flush();
  write_course(folder_, {{"attempt-1", 1}, {"attempt-1.2", 0}});
  EXPECT_THAT(previews(), ElementsAre("one", "the new way"));
}

TEST_F(RolloutTaskTest, ADamagedCourseIsAnErrorThatNamesIt) {
  RolloutFiles files(folder_, "attempt-1");
  files.flush();
  const auto failure = [&](const std::string& text) {
    std::ofstream(folder_ / kRolloutCourse) << text;
    const auto view = reading::RolloutSource::open_task(folder_).value()->view();
    return view.ok() ? "no error" : view.error().to_string();
  };
  EXPECT_NE(failure("{"), "no error");
  EXPECT_NE(failure("{}"), "no error");
  EXPECT_THAT(failure(R"({"segments":[1]})"), HasSubstr(kRolloutCourse));
  EXPECT_THAT(failure(R"({"segments":[{"segment":"../../etc","bytes":0}]})"),
              HasSubstr("'../../etc' is no segment"));
  EXPECT_THAT(failure(R"({"segments":[{"segment":"attempt-01","bytes":0}]})"),
              HasSubstr("is no segment"));
  EXPECT_THAT(failure(R"({"segments":[{"segment":"attempt-9","bytes":0}]})"),
              HasSubstr("attempt-9"));
  EXPECT_EQ(failure(R"({"segments":[{"segment":"attempt-1","bytes":0}]})"), "no error");
  EXPECT_EQ(failure(R"({"segments":[]})"), "no error");
}

TEST_F(RolloutTaskTest, ASegmentThatIsBegunAnewIsReadAnew) {
  {
    RolloutFiles files(folder_, "attempt-1");
    write_course(folder_, {{"attempt-1", 0}});
    files.add(at(1, "before"));
    files.add(at(1, "more"));
  }
  EXPECT_THAT(previews(), ElementsAre("before", "more"));
  for (const char* part : {"rollouts", "tokens", "columns"})
    fs::remove(folder_ / (std::string(part) + ".segments") / "attempt-1");
  RolloutFiles files(folder_, "attempt-1");
  files.add(at(1, "after"));
  files.flush();
  EXPECT_THAT(previews(), ElementsAre("after"));
}

TEST_F(RolloutTaskTest, SegmentsOfAnOlderBuildAreRead) {
  {
    RolloutFiles first(folder_, "attempt-1");
    for (const auto& made : some_steps(2)) first.add(made);
    first.bodies() << "{\"step\":3,\"id\":\"multihop";
    RolloutFiles second(folder_, "attempt-2");
    for (const auto& made : some_steps(2, 2)) second.add(made);
  }
  fs::remove_all(folder_ / "columns.segments");
  fs::remove_all(folder_ / "tokens.segments");
  fs::remove(folder_ / kRolloutSamples);
  EXPECT_THAT(previews(), SizeIs(12));
  const auto steps = need(rollout_steps(source_->view().value()));
  EXPECT_THAT(steps.at("steps").as_array(), SizeIs(3));
  EXPECT_THAT(
      rows_of(need(rollout_page(source_->view().value(), {.filter = {.sample = "reading-1"}}))),
      ElementsAre(2, 3, 6, 7, 10, 11));
}

TEST_F(RolloutTaskTest, StepsThatALaterSegmentOfAnOlderBuildRepeatsAreItsOwn) {
  for (const auto& [name, step, text] : {std::tuple{"attempt-10", 4, "four"},
                                         {"attempt-9", 3, "three"},
                                         {"attempt-9.2", 4, "lost"},
                                         {"attempt-1", 1, "one"},
                                         {"attempt-2", 2, "two"}}) {
    RolloutFiles files(folder_, name);
    files.add(at(step, text));
    if (std::string_view(name) == "attempt-1") files.add(at(2, "two, lost"));
  }
  for (const char* name : {"attempt-", "attempt-x", "attempt-1.", "attempt-1.x", "notes"})
    std::ofstream(folder_ / "rollouts.segments" / name) << "nonsense\n";
  EXPECT_THAT(previews(), ElementsAre("one", "two", "three", "four"));
}

TEST_F(RolloutTaskTest, ReadersAndTheWriterDoNotWaitForEachOther) {
  RolloutFiles files(folder_, "attempt-1");
  files.flush();
  write_course(folder_, {{"attempt-1", 0}});
  const auto source = reading::RolloutSource::open_task(folder_).value();
  std::atomic<bool> stop = false;
  std::atomic<int> broken = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      std::size_t seen = 0;
      while (!stop) {
        const auto view = source->view();
        const auto page = view.ok() ? rollout_page(*view, {.limit = 1000}) : view.error();
        const std::size_t now = page.ok() ? page->at("rollouts").as_array().size() : 0;
        if (!page.ok() || now < seen) ++broken;
        seen = now;
      }
    });
  }
  for (int i = 0; i < 300; ++i) {
    files.bodies().flush();
    files.add(at(i + 1, "response " + std::to_string(i)));
    files.flush();
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(broken, 0);
  EXPECT_EQ(rows_of(need(rollout_page(source->view().value(), {.limit = 1000}))).size(), 300U);
}

}  // namespace
}  // namespace cairn::testing
