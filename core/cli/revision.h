// The next revision of a run's workflow: its own text, checked again with other parameters.
#pragma once

#include <optional>
#include <variant>

#include "core/cli/cli.h"
#include "core/engine/state.h"

namespace cairn {

// Whether --set, --params or --seed was given.
[[nodiscard]] bool asks_for_revision(const Cli& cli);

// The run's text with the parameters it had, and --params and --set over them. Stages of a plugin
// that is still there keep its digest, so that a changed one is noticed. The exit code after
// everything wrong was printed.
[[nodiscard]] std::variant<WorkflowSpec, ExitCode> revise_workflow(const Cli& cli,
                                                                   const WorkflowSpec& before);

struct Revision {
  std::string run;                       // its id; as it was named where --server is asked
  std::optional<WorkflowSpec> before;    // of the run as it is; not where --server is asked
  std::optional<WorkflowSpec> workflow;  // where --set, --params or --seed ask for another
};
// The exit code after what is wrong was printed. Over --server no other parameters can be given:
// the run's text lies in a state folder elsewhere.
[[nodiscard]] std::variant<Revision, ExitCode> find_revision(const Cli& cli,
                                                             const std::string& run);

// A run of the state folder, read from its store.
[[nodiscard]] Result<RunState> load_run_named(const Cli& cli, const std::string& text);

}  // namespace cairn
