// cairn run FILE
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

ExitCode run(const Cli& cli, const std::string& file, const std::string& name,
             const MachineOptions& machine) {
  auto loaded = load_workflow(cli, file);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  auto engine = start_engine(cli, machine, "run " + file);
  if (!engine.ok()) return fail(cli, engine.error());
  return follow_engine(cli, **engine, [&](Scheduler& scheduler) {
    SubmitOptions options;
    if (!name.empty()) options.name = name;
    return scheduler.submit(std::get<WorkflowSpec>(std::move(loaded)), options);
  });
}

}  // namespace

void add_run(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("run", "Run a workflow here and show it until it has ended");
  auto file = std::make_shared<std::string>();
  auto name = std::make_shared<std::string>();
  auto machine = std::make_shared<MachineOptions>();
  command->add_option("FILE", *file, "Workflow file")->required();
  command->add_option("--name", *name, "Name of the run (default: the workflow's)");
  add_workflow_options(*command, cli);
  add_machine_options(*command, machine);
  command->callback([&cli, file, name, machine] {
    cli.action = [&cli, file, name, machine] { return run(cli, *file, *name, *machine); };
  });
}

}  // namespace cairn
