// StageHarness: runs a stage in a test, without an engine.
//
//   StageHarness harness(stage_of(CAIRN_PLUGIN_FILE, "my_filter"));   // or stage_type<MyFilter>(…)
//   harness.param("threshold", 0.9).input_text("samples", "{…}\n");
//   const auto run = harness.run();
//   ASSERT_FALSE(run.failure) << run.failure->message;
//   EXPECT_EQ(harness.output_text("kept"), "…");
//   EXPECT_RESUME_EXACT(harness);                                 // promise 2 of DESIGN §1
//
// Every run() is a further attempt of the same task: checkpoints, work folder and memo of earlier
// ones are there. Time stands still unless the test moves clock(). Nothing is sent anywhere.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/sdk/plugin.h"
#include "core/sdk/runtime/attempt_context.h"
#include "core/sdk/runtime/execute.h"
#include "core/sdk/testing/manual_clock.h"

namespace cairn::testing {

// A stage type of a plugin library; ends the process when the library or the type is not there.
[[nodiscard]] StageType stage_of(const fs::path& library, const std::string& stage_type);

struct HarnessRun {
  std::optional<StageFailure> failure;
  bool killed = false;  // by kill_at_checkpoint
  std::map<std::string, Digest> outputs;
  std::vector<std::int64_t> checkpoints;  // steps saved by this attempt
  AttemptContext::Status status;          // last metrics and progress
  std::string log;                        // log.jsonl, "" when it said nothing
};

// Not thread-safe.
class StageHarness {
 public:
  explicit StageHarness(StageType type);
  ~StageHarness();
  StageHarness(const StageHarness&) = delete;
  StageHarness& operator=(const StageHarness&) = delete;

  // As in a workflow: "10s", 20000. The text of a secret stands for itself.
  template <typename T>
  StageHarness& param(const std::string& name, const T& value) {
    setup_.params[name] = param_value(value);
    return *this;
  }
  StageHarness& input(const std::string& name, const fs::path& path);  // again: a list
  // A file with this text.
  StageHarness& input_text(const std::string& name, std::string_view text);
  StageHarness& seed(std::uint64_t seed);
  StageHarness& resources(StageResources resources);
  // Declared outputs are expected anyway; this one comes from a parameter (shell).
  StageHarness& expect_output(const std::string& name);
  // Parameters and inputs of the stage type's own self-test.
  [[nodiscard]] Result<void> self_test();

  // The next run ends as if killed, right after its count-th checkpoint (from 1) is durable.
  StageHarness& kill_at_checkpoint(int count);
  // The next run is asked to stop after its count-th checkpoint; 0: before it starts.
  StageHarness& stop_at_checkpoint(int count);
  // The disk of the next run is full when it saves its count-th checkpoint, and stays so.
  StageHarness& full_disk_at_checkpoint(int count);
  // No file may grow beyond this in the next run: writes that would fail (EFBIG).
  StageHarness& largest_file(std::uint64_t bytes);
  // The next run may take so much memory beyond what the process has: requests beyond it throw
  // std::bad_alloc.
  StageHarness& spare_memory(std::uint64_t bytes);

  [[nodiscard]] HarnessRun run();
  // Forgets every attempt.
  void reset();

  // Of the last run.
  [[nodiscard]] fs::path output(const std::string& name) const;
  [[nodiscard]] std::string output_text(const std::string& name) const;
  [[nodiscard]] const TaskFolder& task() const { return task_; }
  // For files of the test; removed with the harness.
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  // A file below folder(), with the folders on the way.
  fs::path write_file(const std::string& name, std::string_view text);
  [[nodiscard]] ManualClock& clock() { return clock_; }

  // Checks of what every stage promises. Each starts from nothing, with the parameters and inputs
  // at hand, and returns what is wrong, or "".
  //
  // Killed at every checkpoint, one after the other, it ends with the outputs of a run in peace.
  [[nodiscard]] std::string check_resume();
  // The same seed gives the same bytes, in another folder too.
  [[nodiscard]] std::string check_same_twice();
  // Asked to stop before it starts and after each checkpoint, it stops or ends; taken up again, it
  // gives the same outputs.
  [[nodiscard]] std::string check_cancel();
  // With a full disk it fails with an error; with space again it gives the same outputs.
  [[nodiscard]] std::string check_full_disk();
  // With no memory to spare it fails with cause oom or an error, or gives the same outputs.
  [[nodiscard]] std::string check_out_of_memory();
  // Bytes that are no artifact of the input's kind are refused with an error, one input after the
  // other: nothing is thrown, nothing is taken for good.
  [[nodiscard]] std::string check_garbage();
  // The output's bytes are those of the file. With CAIRN_UPDATE_GOLDENS=1 the file is written.
  [[nodiscard]] std::string check_golden(const std::string& output, const fs::path& file) const;

 private:
  class Disk;

  [[nodiscard]] std::string compare(const HarnessRun& reference, const HarnessRun& found,
                                    const std::string& what) const;
  [[nodiscard]] Result<HarnessRun> reference_run();

  StageType type_;
  StageDecl decl_;
  fs::path folder_;
  TaskFolder task_;
  ManualClock clock_;
  StageRun setup_;
  std::uint64_t seed_ = 0;
  StageResources resources_;
  int attempts_ = 0;
  int tasks_ = 0;
  int files_ = 0;
  std::optional<int> kill_at_;
  std::optional<int> stop_at_;
  std::optional<int> full_at_;
  std::optional<std::uint64_t> largest_file_;
  std::optional<std::uint64_t> spare_memory_;
};

}  // namespace cairn::testing

// For GoogleTest.
#define EXPECT_RESUME_EXACT(harness) EXPECT_EQ((harness).check_resume(), "")
