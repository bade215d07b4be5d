// cairn run FILE
#include <memory>
#include <string>

#include "core/cli/capture.h"
#include "core/cli/commands.h"
#include "core/cli/debug_stage.h"
#include "core/cli/engine_run.h"
#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

struct RunRequest {
  std::string file;
  std::string name;
  std::int32_t priority = 0;
  std::string debug_stage;
};

ExitCode run(const Cli& cli, const RunRequest& request, const MachineOptions& machine) {
  auto loaded = load_workflow(cli, request.file);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  auto& spec = std::get<WorkflowSpec>(loaded);
  std::unique_ptr<DebugStage> debug;
  if (!request.debug_stage.empty()) {
    auto prepared = DebugStage::prepare(cli, request.debug_stage, spec);
    if (!prepared.ok()) return fail(cli, prepared.error());
    debug = std::move(prepared).value();
  }
  auto engine = start_engine(cli, machine, "run " + request.file, EngineUse::kOneCommand);
  if (!engine.ok()) return fail(cli, engine.error());
  return follow_engine(cli, **engine, [&](EngineControl& control) -> Result<std::string> {
    SubmitOptions options;
    if (!request.name.empty()) options.name = request.name;
    options.priority = request.priority;
    options.environment_json = json::serialize(capture_environment(cli, spec));
    options.traceparent = traceparent_of(cli);
    CAIRN_ASSIGN(const json::object document, control.submit(spec, options));
    return get_string(document, "id");
  });
}

}  // namespace

void add_run(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("run", "Run a workflow here and show it until it has ended");
  auto request = std::make_shared<RunRequest>();
  auto machine = std::make_shared<MachineOptions>();
  command->add_option("FILE", request->file, "Workflow file")->required();
  command->add_option("--name", request->name, "Name of the run (default: the workflow's)");
  command->add_option("--priority", request->priority, "Larger comes first (default 0)");
  command->add_option("--debug-stage", request->debug_stage,
                      "This stage waits until a debugger has attached, without its timeout");
  add_workflow_options(*command, cli);
  add_machine_options(*command, machine);
  command->callback([&cli, request, machine] {
    cli.action = [&cli, request, machine] { return run(cli, *request, *machine); };
  });
}

}  // namespace cairn
