// The files of the tasks that a command names: what `logs` and `metrics` read and follow.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/cli/open_runs.h"
#include "core/server/reading/line_files.h"
#include "core/server/reading/task_folders.h"

namespace cairn {

// The tasks of a run that have a folder, in the order of the stages, then of cells and generations.
// A task has none until it has something to write.
class AttemptTree {
 public:
  // stage: empty, "STAGE", "STAGE@CELL" or "STAGE[LABEL]".
  [[nodiscard]] static Result<AttemptTree> open(const Cli& cli, RunSource& runs,
                                                const RunTarget& target);

  [[nodiscard]] std::vector<TaskPlace> tasks() const {
    return find_tasks(folder_, stages_, wanted_);
  }
  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  // Whether the target can be but one task, so that a cursor has a meaning.
  [[nodiscard]] bool one_task() const { return one_task_; }

 private:
  std::string run_;
  fs::path folder_;
  std::vector<std::string> stages_;
  TaskChoice wanted_;
  bool one_task_ = false;
};

// What a command that reads such files begins with.
struct Reading {
  OpenRuns runs;
  AttemptTree tree;
  Cursor after;            // as typed; the beginning where nothing was
  bool elsewhere = false;  // the files lie with the engine of --server, which has to be asked
};
// what: "logs", for people. kInvalidArgument: a cursor for more than one task. kNotFound: no such
// run.
[[nodiscard]] Result<Reading> open_reading(const Cli& cli, const std::string& target,
                                           const std::string& after, const std::string& what);

// Calls look again and again until the run has ended, and once after that; once where no engine
// listens.
void follow_files(OpenRuns& runs, const std::string& run, const std::function<void()>& look);

}  // namespace cairn
