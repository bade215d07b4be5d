// Stepper: one event applied to one state. Private to core/engine.
//
//   step.cpp        events of the run and of its stages
//   step_tasks.cpp  events of tasks and attempts
#pragma once

#include "core/engine/step.h"

namespace cairn {

class Stepper {
 public:
  Stepper(RunState& state, const Event& event) : state_(state), event_(event) {}
  Result<std::vector<Command>> run();

 private:
  Result<void> apply();
  Result<void> apply(const v1::RunCreated& created);
  Result<void> apply(const v1::StopRequested& stop);
  Result<void> apply(const v1::RunFinished& finished);
  Result<void> apply(const v1::RunResumed& resumed);
  Result<void> apply(const v1::RunPaused& paused);
  Result<void> apply(const v1::PriorityChanged& changed);
  Result<void> apply(const v1::WhenEvaluated& when);
  Result<void> apply(const v1::StageExpanded& expanded);
  Result<void> apply(const v1::StageSkipped& skipped);
  Result<void> apply(const v1::ApprovalAsked& asked);
  Result<void> apply(const v1::ApprovalGiven& given);
  Result<void> apply(const v1::TaskReused& reused);
  Result<void> apply(const v1::AttemptStarted& started);
  Result<void> apply(const v1::HostBound& bound);
  Result<void> apply(const v1::AttemptRunning& running);
  Result<void> apply(const v1::CheckpointNoted& noted);
  Result<void> apply(const v1::AttemptFinished& finished);
  Result<void> apply(const v1::AttemptReturned& returned);

  Result<void> run_anew_from(const std::string& stage);
  void reopen(const v1::ReopenedTasks& reopened);
  void fail_attempt(std::uint32_t task, const v1::AttemptFinished& finished);
  bool roll_back(std::uint32_t task, const v1::WatchdogAlarm& alarm);
  std::optional<Duration> retry_delay(std::uint32_t task);

  // ---- helpers ----
  [[nodiscard]] WallTime now() const { return WallTime(Duration(event_.time_ms())); }
  void move_to(std::uint32_t task, TaskPhase phase);
  // All waiting tasks of a stage, whose cause and message are the stage's.
  void end_stage(std::uint32_t stage, TaskPhase phase, std::string cause, std::string message);
  void touch(std::uint32_t stage) { touched_.push_back(stage); }
  Result<std::uint32_t> waiting_stage(std::uint32_t stage) const;
  Result<std::uint32_t> in_phase(std::uint32_t task, TaskPhase phase) const;
  Result<AttemptState*> live(std::uint32_t task, std::uint32_t number) const;
  [[nodiscard]] Error refuse(const std::string& why) const;

  RunState& state_;
  const Event& event_;
  std::vector<std::uint32_t> touched_;  // stages
  std::vector<std::uint32_t> again_;    // tasks that wait for another attempt
  bool touch_all_ = false;
};

// What one stage asks for; what the run's end asks for.
void add_commands(const RunState& state, std::uint32_t stage, std::vector<Command>& commands);
// Whether nothing stands between the stage and its waiting tasks.
[[nodiscard]] bool is_open(const RunState& state, std::uint32_t stage);
void add_finish(const RunState& state, std::vector<Command>& commands);

}  // namespace cairn
