#include "core/server/reading/task_files.h"

#include "core/sdk/runtime/checkpoint_folder.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

class TaskFiles : public AttemptFixture {
 protected:
  void save(std::int64_t step) {
    CheckpointFolder folder(real_file_system(), task_.checkpoints(), 10);
    ASSERT_TRUE(folder
                    .save(step,
                          [&](const fs::path& to) -> Result<void> {
                            put(to / "state.json", "{}");
                            put(to / "model.bin", std::string(1000, 'w'));
                            return {};
                          })
                    .ok());
  }
  json::array checkpoints(Verify verify = Verify::kSizes) {
    const auto found = task_checkpoints(task_, verify);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? found->at("checkpoints").as_array() : json::array();
  }
};

TEST_F(TaskFiles, ATaskThatLeftNothingHasNothing) {
  const TaskFolder none{folder_ / "runs" / "r" / "other"};
  EXPECT_EQ(json::serialize(*task_attempts(none)), R"({"attempts":[],"work":0,"checkpoints":0})");
  EXPECT_EQ(json::serialize(*task_checkpoints(none)), R"({"checkpoints":[]})");
}

TEST_F(TaskFiles, AttemptsHaveFilesSizesAndEnds) {
  put(task_.attempt(1).output_log(), "12345");
  put(task_.attempt(1).exit_record(), R"({"cause":"oom","message":"killed","token":7})");
  put(task_.attempt(2).metrics(), "123");
  put(task_.attempt(10).root / "out" / "deep" / "x", "1234567");
  put(task_.work() / "shared", "12");
  fs::create_symlink("/etc", task_.attempt(2).root / "link");
  const auto found = task_attempts(task_);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(json::serialize(*found),
            R"({"attempts":[{"attempt":1,"files":{"output":5},"bytes":49,)"
            R"("exit":{"cause":"oom","message":"killed"}},)"
            R"({"attempt":2,"files":{"metrics":3},"bytes":3,"exit":null},)"
            R"({"attempt":10,"files":{},"bytes":7,"exit":null}],"work":2,"checkpoints":0})");
}

TEST_F(TaskFiles, CheckpointsSayWhetherTheyAreComplete) {
  save(5);
  save(10);
  const auto all = checkpoints();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(json::serialize(all[0]),
            R"({"step":5,"bytes":1002,"status":"complete","verified":false,)"
            R"("files":[{"path":"model.bin","bytes":1000},{"path":"state.json","bytes":2}]})");
  put(task_.checkpoints() / "10" / "model.bin", std::string(1000, 'x'));
  EXPECT_EQ(checkpoints()[1].at("status"), json::value("complete"));
  const auto verified = checkpoints(Verify::kBytes);
  EXPECT_EQ(verified[0].at("status"), json::value("complete"));
  EXPECT_EQ(verified[1].at("status"), json::value("damaged"));
  EXPECT_NE(verified[1].at("reason").as_string().find("model.bin"), std::string::npos);
}

TEST_F(TaskFiles, DamagedCheckpointsSayWhy) {
  for (const std::int64_t step : {1, 2, 3, 4}) save(step);
  put(task_.checkpoints() / "1" / "model.bin", "short");
  fs::remove(task_.checkpoints() / "2" / "state.json");
  put(task_.checkpoints() / "3" / "manifest.json", "{\"files\"");
  put(task_.checkpoints() / "4" / "model.bin", std::string(1000, 'x'));
  fs::rename(task_.checkpoints() / "4", task_.checkpoints() / "4.damaged");
  fs::create_directories(task_.checkpoints() / "saving.tmp");
  const auto all = checkpoints();
  ASSERT_EQ(all.size(), 4U);
  const auto reason = [&](std::size_t i) {
    EXPECT_EQ(all[i].at("status"), json::value("damaged"));
    return std::string(all[i].at("reason").as_string());
  };
  EXPECT_EQ(reason(0), "file 'model.bin' has 5 bytes instead of 1000");
  EXPECT_EQ(reason(1), "file 'state.json' is missing");
  EXPECT_EQ(reason(2), "its manifest cannot be read");
  EXPECT_NE(reason(3).find("checksum"), std::string::npos);
}

TEST_F(TaskFiles, AManifestNamesNothingElsewhere) {
  save(1);
  put(folder_ / "sentinel", "12");
  put(task_.checkpoints() / "1" / "manifest.json",
      R"({"format":1,"step":1,"files":[{"path":"../../../../../sentinel","bytes":2}]})");
  EXPECT_EQ(checkpoints()[0].at("status"), json::value("damaged"));
}

}  // namespace
}  // namespace cairn
