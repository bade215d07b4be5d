// The folders of a run's tasks and of their attempts, as they lie in the store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

// STORE/runs/RUN of a run.
[[nodiscard]] inline fs::path run_folder(const fs::path& store, const std::string& run) {
  return store / "runs" / run;
}

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

// Which tasks: those of all stages where `stage` is empty, of all cells where there is none.
struct TaskChoice {
  std::string stage;
  std::optional<std::uint32_t> cell;
};
// The tasks that have a folder, in the order of `stages`, then of cells and generations. A task has
// none until it has something to write.
[[nodiscard]] std::vector<TaskPlace> find_tasks(const fs::path& run_folder,
                                                const std::vector<std::string>& stages,
                                                const TaskChoice& wanted);
// The numbers of those that have a folder, ascending.
[[nodiscard]] std::vector<int> attempts_of(const TaskPlace& task);

}  // namespace cairn
