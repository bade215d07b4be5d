// The folders of a run's tasks and attempts, as they lie in the store, and reading files there by
// offset: logs and metrics are as long as they please, memory is not.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/cli/open_runs.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

// STORE/runs/RUN/STAGE[@CELL][.GENERATION]
struct TaskPlace {
  std::string name;  // of the folder
  std::string stage;
  std::optional<std::uint32_t> cell;
  std::uint32_t generation = 0;
  TaskFolder folder;
};
// Nothing where the name is no task folder's.
[[nodiscard]] std::optional<TaskPlace> parse_task_folder(const fs::path& folder);

// A place in the files of a task: "ATTEMPT:OFFSET", "ATTEMPT:LOG+OUTPUT" of its two logs.
struct Cursor {
  std::uint32_t attempt = 0;
  std::uint64_t offset = 0;
  std::uint64_t output_offset = 0;
};
[[nodiscard]] Result<Cursor> parse_cursor(const std::string& text);

// The tasks of a run that have a folder, in the order of the stages, then of cells and generations.
// A task has none until it has something to write.
class AttemptTree {
 public:
  // stage: empty, "STAGE", "STAGE@CELL" or "STAGE[LABEL]".
  [[nodiscard]] static Result<AttemptTree> open(const Cli& cli, RunSource& runs,
                                                const RunTarget& target);

  [[nodiscard]] std::vector<TaskPlace> tasks() const;
  [[nodiscard]] static std::vector<int> attempts(const TaskPlace& task);
  [[nodiscard]] const std::string& run() const { return run_; }
  [[nodiscard]] const fs::path& folder() const { return folder_; }
  // Whether the target can be but one task, so that a cursor has a meaning.
  [[nodiscard]] bool one_task() const { return one_task_; }

 private:
  std::string run_;
  fs::path folder_;
  std::vector<std::string> stages_;
  std::string stage_;                  // wanted; empty: all
  std::optional<std::uint32_t> cell_;  // wanted
  bool one_task_ = false;
};

// What a command that reads such files begins with.
struct Reading {
  OpenRuns runs;
  AttemptTree tree;
  Cursor after;  // as typed; the beginning where nothing was
};
// what: "logs", for people. kInvalidArgument: a cursor for more than one task. kNotFound: no such
// run, or its files lie on the machine of --server.
[[nodiscard]] Result<Reading> open_reading(const Cli& cli, const std::string& target,
                                           const std::string& after, const std::string& what);

// Calls back with each whole line from the offset on, without its end, and the offset behind it,
// until the callback returns false. Lines above 1 MiB come in pieces. Returns the offset behind
// what was given. A file that is not there is empty; one that became shorter goes on at its end.
using OnLine = std::function<bool(std::string_view line, std::uint64_t end)>;
enum class LastLine { kWhole, kAsItIs };  // whether one without an end is given, too
[[nodiscard]] Result<std::uint64_t> read_lines(const fs::path& file, std::uint64_t offset,
                                               const OnLine& on_line,
                                               LastLine last = LastLine::kWhole);
// Where the last `count` lines begin.
[[nodiscard]] Result<std::uint64_t> tail_offset(const fs::path& file, std::uint64_t count);

// Calls look again and again until the run has ended, and once after that; once where no engine
// listens.
void follow_files(OpenRuns& runs, const std::string& run, const std::function<void()>& look);

}  // namespace cairn
