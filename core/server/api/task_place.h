// Which folder a request means that names a task: RUN/STAGE[LABEL].
#pragma once

#include <string>
#include <vector>

#include "core/engine/state.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/server/api/engine_runs.h"

namespace cairn::api {

struct TaskPlaceFound {
  std::string run;   // id of the run in whose folder it lies
  std::string task;  // STAGE or STAGE[LABEL]
  TaskFolder folder;
  std::vector<std::uint32_t> attempts;  // numbers, ascending
  bool going_on = false;                // the newest of them may still write
  bool settled = false;                 // nothing more will be written, unless the run is resumed
  std::string status;
  std::string reused_from;  // RUN/TASK: the result is that of another run, whose
                            // folder this is; empty: its own
  std::vector<Artifact> outputs;
  std::vector<std::pair<std::string, Artifact>> inputs;  // by port; those that are there

  [[nodiscard]] std::uint32_t newest_attempt() const {
    return attempts.empty() ? 1 : attempts.back();
  }
};

// A task whose result was reused lies where it was made, if that run is still there. kNotFound: no
// such run, stage or task. kInvalidArgument: a stage of several tasks without a label.
[[nodiscard]] Result<TaskPlaceFound> find_task_place(EngineRuns& runs, const std::string& run,
                                                     const std::string& stage);

}  // namespace cairn::api
