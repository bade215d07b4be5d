// What `run` and `resume` share: an engine inside this process, shown until its run has ended.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <memory>

#include "core/cli/cli.h"
#include "core/server/engine_process.h"

namespace cairn {

struct MachineOptions {
  int cpus = 0;        // 0: what the machine offers
  std::string memory;  // "8Gi"; empty: what the machine offers
};
void add_machine_options(CLI::App& command, const std::shared_ptr<MachineOptions>& options);

// Takes the store and listens.
[[nodiscard]] Result<std::unique_ptr<EngineProcess>> start_engine(const Cli& cli,
                                                                  const MachineOptions& machine,
                                                                  const std::string& command);

// Calls begin on the scheduler's strand (it returns the run's id), shows the run until it has
// ended, prints the result and returns its exit code. SIGINT and SIGTERM ask the hosts to save a
// checkpoint and stop: exit 130; a second one ends them by force.
[[nodiscard]] ExitCode follow_engine(const Cli& cli, EngineProcess& engine,
                                     const std::function<Result<std::string>(Scheduler&)>& begin);

// By the status of a `get` document.
[[nodiscard]] ExitCode exit_code_of_run(const json::object& run);
// The document, or its table, on stdout; the report and what to try next where there is one.
void print_result(const Cli& cli, const json::object& run);

}  // namespace cairn
