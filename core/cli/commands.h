// Every command of `cairn`: its function here, its file core/cli/COMMAND.cpp, its line in
// commands.cpp.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

struct Cli;

// All commands, in the order of the help.
void add_commands(CLI::App& app, Cli& cli);

void add_approve(CLI::App& app, Cli& cli);
void add_artifacts(CLI::App& app, Cli& cli);
void add_backup(CLI::App& app, Cli& cli);
void add_cancel(CLI::App& app, Cli& cli);
void add_completion(CLI::App& app, Cli& cli);
void add_delete(CLI::App& app, Cli& cli);
void add_diff(CLI::App& app, Cli& cli);
void add_doctor(CLI::App& app, Cli& cli);
void add_events(CLI::App& app, Cli& cli);
void add_explain(CLI::App& app, Cli& cli);
void add_fork(CLI::App& app, Cli& cli);
void add_gc(CLI::App& artifacts, Cli& cli);
void add_get(CLI::App& app, Cli& cli);
void add_lineage(CLI::App& app, Cli& cli);
void add_list(CLI::App& app, Cli& cli);
void add_logs(CLI::App& app, Cli& cli);
void add_metrics(CLI::App& app, Cli& cli);
void add_pause(CLI::App& app, Cli& cli);
void add_plan(CLI::App& app, Cli& cli);
void add_plugins(CLI::App& app, Cli& cli);
void add_replay(CLI::App& app, Cli& cli);
void add_rerun(CLI::App& app, Cli& cli);
void add_restore(CLI::App& app, Cli& cli);
void add_resume(CLI::App& app, Cli& cli);
void add_run(CLI::App& app, Cli& cli);
void add_schema(CLI::App& app, Cli& cli);
void add_serve(CLI::App& app, Cli& cli);
void add_submit(CLI::App& app, Cli& cli);
void add_token(CLI::App& app, Cli& cli);
void add_ui(CLI::App& app, Cli& cli);
void add_validate(CLI::App& app, Cli& cli);
void add_watch(CLI::App& app, Cli& cli);

}  // namespace cairn
