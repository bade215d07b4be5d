// What the commands that take a workflow FILE share: plugins, checking, diagnostics.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <variant>

#include "core/cli/cli.h"
#include "core/plugin/manifest.h"
#include "core/workflow/check.h"

namespace cairn {

// Plugins of options.plugin_dirs. Libraries that cannot be described are warned about.
[[nodiscard]] Result<Registry> load_registry(const Cli& cli);

[[nodiscard]] WorkflowRequest workflow_request(const Cli& cli, const fs::path& file);

// The checked workflow, or the exit code after everything wrong with it was printed: diagnostics
// on stderr (on stdout with -o json), a missing file, unreadable plugins.
[[nodiscard]] std::variant<WorkflowSpec, ExitCode> load_workflow(const Cli& cli,
                                                                 const fs::path& file);

// The same for a request made by hand.
[[nodiscard]] std::variant<WorkflowSpec, ExitCode> check_or_report(const Cli& cli,
                                                                   const WorkflowRequest& request,
                                                                   const Registry& registry);

// The same for what was checked already.
[[nodiscard]] std::variant<WorkflowSpec, ExitCode> spec_or_report(const Cli& cli,
                                                                  Result<CheckedWorkflow> checked);

// Diagnostics for people, on stderr.
void print_diagnostics(const Cli& cli, const Diagnostics& diagnostics);

}  // namespace cairn
