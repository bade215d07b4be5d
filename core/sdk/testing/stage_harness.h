// StageHarness: runs a stage in a test, without an engine.
//
//   StageHarness harness(stage_of(library, "my_filter"));      // or stage_type<MyFilter>(…)
//   harness.param("threshold", 0.9).input("samples", file);
//   auto run = harness.run();
//   EXPECT_FALSE(run.failure) << run.failure->message;
//   EXPECT_EQ(read(harness.output("kept")), …);
//   EXPECT_EQ(harness.check_resume(), "");                     // promise 2 of DESIGN §1
//
// Every run() is a further attempt of the same task: checkpoints, work folder and memo of earlier
// ones are there.
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

  StageHarness& param(const std::string& name, json::value value);
  StageHarness& input(const std::string& name, const fs::path& path);  // again: a list
  StageHarness& seed(std::uint64_t seed);
  StageHarness& resources(StageResources resources);
  // Declared outputs are expected anyway; this one comes from a parameter (shell).
  StageHarness& expect_output(const std::string& name);

  // The next run ends as if killed, right after its count-th checkpoint (from 1) is durable.
  StageHarness& kill_at_checkpoint(int count);
  // The next run is asked to stop after its count-th checkpoint; 0: before it starts.
  StageHarness& stop_at_checkpoint(int count);

  [[nodiscard]] HarnessRun run();
  // Forgets every attempt.
  void reset();

  // Of the last run.
  [[nodiscard]] fs::path output(const std::string& name) const;
  [[nodiscard]] const TaskFolder& task() const { return task_; }
  // For files of the test; removed with the harness.
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  [[nodiscard]] ManualClock& clock() { return clock_; }

  // Runs the stage from nothing without a kill, then from nothing with a kill at every checkpoint,
  // and compares all outputs. Returns what differs, or "" if nothing does. Calls reset().
  [[nodiscard]] std::string check_resume();

 private:
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
  std::optional<int> kill_at_;
  std::optional<int> stop_at_;
};

}  // namespace cairn::testing
