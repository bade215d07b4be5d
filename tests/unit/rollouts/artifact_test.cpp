// Artifacts of older builds, damaged ones, and ones that lie.
#include <unistd.h>

#include "tests/unit/rollouts/rollouts_test.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

struct RolloutArtifactTest : RolloutsTest {
  void flip(const char* name, std::streamoff at) const {
    std::fstream file(folder_ / name, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(at);
    const char byte = static_cast<char>(file.get());
    file.seekp(at);
    file.put(static_cast<char>(byte ^ 1));
  }
  void write_bodies(std::string_view text) const {
    std::ofstream(folder_ / kRolloutBodies, std::ios::binary) << text;
  }
  [[nodiscard]] std::string failure() const {
    const auto source = reading::RolloutSource::open_artifact(folder_);
    return source.ok() ? "no error" : source.error().to_string();
  }
  [[nodiscard]] json::array notes() const {
    return need(rollout_steps(view())).at("notes").as_array();
  }
};

TEST_F(RolloutArtifactTest, WithoutColumnsTheSameIsShown) {
  auto all = some_steps(6);
  all[3].dropped = true;
  all[4].truncated = true;
  write(all);
  const auto with = view();
  const reading::RolloutPage page{.sort = reading::RolloutSort::kReward, .descending = true};
  const auto rows = rows_of(need(rollout_page(with, page)));
  const auto steps = need(rollout_steps(with));
  for (const char* name : {kRolloutColumns, kRolloutTokens, kRolloutSamples})
    fs::remove(folder_ / name);
  const auto without = view();
  EXPECT_EQ(rows_of(need(rollout_page(without, page))), rows);
  EXPECT_EQ(need(rollout_steps(without)), steps);
  const auto group = need(rollout_group(without, 2, "reading-1"));
  EXPECT_EQ(group.at("rollouts").at(1).at("response"), "Step 2, number 3");
  EXPECT_EQ(group.at("sample").at("task"), "reading");
  EXPECT_TRUE(group.at("sample").at("record").is_null());
  EXPECT_THAT(rows_of(need(rollout_page(without, {.filter = {.dropped = true}}))), ElementsAre(3));
}

TEST_F(RolloutArtifactTest, LinesOfTheFirstBuildsAreRead) {
  write_bodies(
      "{\"step\":1,\"id\":\"b\",\"task\":\"t\",\"index\":0,\"response\":\"x\",\"reward\":1E0,"
      "\"advantage\":0E0,\"entropy\":null,\"tokens\":8,\"dropped\":false}\r\n\n"
      "{\"step\":1,\"id\":\"a\",\"task\":\"s\",\"index\":0,\"response\":\"y\",\"reward\":0,"
      "\"advantage\":-1,\"entropy\":0.5,\"tokens\":9,\"dropped\":true}");
  const auto page = need(rollout_page(view(), {}));
  ASSERT_THAT(page.at("rollouts").as_array(), SizeIs(2));
  EXPECT_EQ(page.at("rollouts").at(0).at("preview"), "x");
  EXPECT_EQ(page.at("rollouts").at(0).at("task"), "t");
  EXPECT_TRUE(page.at("rollouts").at(0).at("entropy").is_null());
  EXPECT_EQ(page.at("rollouts").at(1).at("preview"), "y");
  EXPECT_EQ(page.at("rollouts").at(1).at("dropped"), true);
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(RolloutArtifactTest, LinesThatAreNoRolloutsAreNamed) {
  EXPECT_THAT(failure(), HasSubstr("does not exist"));
  write_bodies("{\"step\":1,\"id\":\"b\",\"task\":\"t\",\"reward\":1}\nnonsense\n");
  EXPECT_THAT(failure(), HasSubstr("rollouts.jsonl:2:1"));
  write_bodies("{\"id\":\"b\",\"task\":\"t\",\"reward\":1}\n");
  EXPECT_THAT(failure(), HasSubstr("step"));
  write_bodies("{\"step\":\"\xff\"}\n");
  EXPECT_THAT(failure(), HasSubstr("rollouts.jsonl:1:1"));
  write_bodies("");
  EXPECT_EQ(failure(), "no error");
  EXPECT_THAT(need(rollout_page(view(), {})).at("rollouts").as_array(), IsEmpty());
  EXPECT_THAT(need(rollout_steps(view())).at("steps").as_array(), IsEmpty());
}

TEST_F(RolloutArtifactTest, StepsOutOfOrderArePutInOrder) {
  write_bodies(
      "{\"step\":2,\"id\":\"b\",\"task\":\"t\",\"reward\":1,\"response\":\"two\"}\n"
      "{\"step\":1,\"id\":\"b\",\"task\":\"t\",\"reward\":1,\"response\":\"one\"}\n");
  const auto page = need(rollout_page(view(), {}));
  EXPECT_EQ(page.at("rollouts").at(0).at("preview"), "one");
  EXPECT_EQ(page.at("rollouts").at(1).at("preview"), "two");
  EXPECT_THAT(rows_of(need(rollout_search(view(), {.text = "two"}, system_clock())), "hits"),
              ElementsAre(1));
}

TEST_F(RolloutArtifactTest, EveryDamagedByteOfAColumnIsNoticedAndWorkedAround) {
  write(some_steps(1));
  const auto size = static_cast<std::streamoff>(fs::file_size(folder_ / kRolloutColumns));
  ASSERT_EQ(size, 4 * 96);
  for (std::streamoff at = 0; at < size; ++at) {
    flip(kRolloutColumns, at);
    ASSERT_THAT(notes(), SizeIs(1)) << at;
    ASSERT_THAT(rows_of(need(rollout_page(view(), {}))), ElementsAre(0, 1, 2, 3)) << at;
    flip(kRolloutColumns, at);
  }
  EXPECT_THAT(notes(), IsEmpty());
}

TEST_F(RolloutArtifactTest, ColumnsCutAnywhereAreWorkedAround) {
  write(some_steps(1));
  for (std::uintmax_t size = 4 * 96; size-- > 0;) {
    fs::resize_file(folder_ / kRolloutColumns, size);
    ASSERT_THAT(notes(), SizeIs(1)) << size;
    ASSERT_THAT(rows_of(need(rollout_page(view(), {}))), ElementsAre(0, 1, 2, 3)) << size;
  }
}

TEST_F(RolloutArtifactTest, RowsThatLieAreNotBelieved) {
  const auto with_row = [&](const auto& change) {
    write({});
    MadeRollout made;
    RolloutFiles files(folder_, "");
    files.add(made);
    files.flush();
    RolloutRow row;
    std::ifstream(folder_ / kRolloutColumns, std::ios::binary)
        .read(reinterpret_cast<char*>(&row), sizeof(row));
    change(row);
    std::ofstream(folder_ / kRolloutColumns, std::ios::binary) << encode_rollout_row(row);
    return view();
  };
  for (const auto& change : std::vector<std::function<void(RolloutRow&)>>{
           [](RolloutRow& row) { row.sample = 4; }, [](RolloutRow& row) { row.task = 3; },
           [](RolloutRow& row) { row.body_bytes = 0xFFFFFFFF; },
           [](RolloutRow& row) { row.body_offset = ~std::uint64_t{0}; }}) {
    const auto rollouts = with_row(change);
    EXPECT_THAT(need(rollout_steps(rollouts)).at("notes").as_array(), SizeIs(1));
    EXPECT_THAT(rows_of(need(rollout_page(rollouts, {}))), ElementsAre(0));
  }
  const auto rollouts = with_row([](RolloutRow& row) {
    row.flags |= RolloutRow::kTokens;
    row.token_offset = ~std::uint64_t{0} - 4;
    row.token_bytes = 0xFFFFFFFF;
  });
  EXPECT_THAT(problem(rollout_body(rollouts, {})), HasSubstr("tokens.bin"));
}

TEST_F(RolloutArtifactTest, AFileThatIsCutWhileItIsOpenIsAnErrorAndNoCrash) {
  write(some_steps(3));
  const auto rollouts = view();
  fs::resize_file(folder_ / kRolloutColumns, 100);
  fs::resize_file(folder_ / kRolloutBodies, 10);
  EXPECT_THAT(problem(rollout_page(rollouts, {})), HasSubstr("rollouts.columns"));
  EXPECT_THAT(problem(rollout_body(rollouts, {.row = 0})), HasSubstr("rollouts.jsonl"));
  EXPECT_THAT(problem(rollout_search(rollouts, {.text = "x"}, system_clock())),
              HasSubstr("rollouts.columns"));
}

TEST_F(RolloutArtifactTest, LinksAndOtherFilesAreRefused) {
  write(some_steps(1));
  fs::rename(folder_ / kRolloutBodies, folder_ / "elsewhere");
  fs::create_symlink(folder_ / "elsewhere", folder_ / kRolloutBodies);
  EXPECT_THAT(failure(), HasSubstr("rollouts.jsonl"));
  fs::remove(folder_ / kRolloutBodies);
  fs::create_directory(folder_ / kRolloutBodies);
  EXPECT_THAT(failure(), HasSubstr("is no file"));
}

}  // namespace
}  // namespace cairn::testing
