// What `run`, `resume`, `rerun` and `fork` share: an engine inside this process, shown until its
// run has ended.
#pragma once

#include <functional>

#include "core/cli/cli.h"
#include "core/server/engine_process.h"

namespace cairn {

// Calls begin (it returns the run's id), shows the run until it has ended, prints the result and
// returns its exit code. SIGINT and SIGTERM ask the hosts to save a checkpoint and stop: exit 130;
// a second one ends them by force. Runs that others submit meanwhile are waited for, too.
[[nodiscard]] ExitCode follow_engine(
    const Cli& cli, EngineProcess& engine,
    const std::function<Result<std::string>(EngineControl&)>& begin);

// By the status of a `get` document.
[[nodiscard]] ExitCode exit_code_of_run(const json::object& run);
// The document, or its table, on stdout; the report and what to try next where there is one.
void print_result(const Cli& cli, const json::object& run);

}  // namespace cairn
