// Every command of `cairn`: its function here, its file core/cli/COMMAND.cpp, its line in
// commands.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

struct Cli;

// All commands, in the order of the help.
void add_commands(CLI::App& app, Cli& cli);

void add_artifacts(CLI::App& app, Cli& cli);
void add_cancel(CLI::App& app, Cli& cli);
void add_doctor(CLI::App& app, Cli& cli);
void add_explain(CLI::App& app, Cli& cli);
void add_get(CLI::App& app, Cli& cli);
void add_list(CLI::App& app, Cli& cli);
void add_logs(CLI::App& app, Cli& cli);
void add_plan(CLI::App& app, Cli& cli);
void add_plugins(CLI::App& app, Cli& cli);
void add_resume(CLI::App& app, Cli& cli);
void add_run(CLI::App& app, Cli& cli);
void add_schema(CLI::App& app, Cli& cli);
void add_validate(CLI::App& app, Cli& cli);
void add_watch(CLI::App& app, Cli& cli);

}  // namespace cairn
