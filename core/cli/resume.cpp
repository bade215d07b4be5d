// cairn resume RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"
#include "core/engine/load.h"
#include "core/server/on_strand.h"

namespace cairn {
namespace {

struct ResumeRequest {
  std::string run;
  std::string from;
  bool dry_run = false;
  MachineOptions machine;
};

Result<RunState> find_run(const RunStore& store, const std::string& text) {
  CAIRN_ASSIGN(const auto rows, list_rows(store));
  CAIRN_ASSIGN(const std::string id, resolve_run(rows, text));
  return load_run(store, id);
}

json::object preview_document(const std::string& id, const v1::RunResumed& resumed) {
  json::array stages;
  for (const auto& task : resumed.reopened()) stages.emplace_back(task.task());
  return {{"id", id}, {"reopened", std::move(stages)}};
}

ExitCode resume(Cli& cli, const ResumeRequest& request) {
  auto engine = start_engine(cli, request.machine, "resume " + request.run);
  if (!engine.ok()) return fail(cli, engine.error());
  const auto state = find_run((*engine)->store(), request.run);
  if (!state.ok()) return fail(cli, state.error());

  ResumeOptions options;
  if (!request.from.empty()) options.from = request.from;
  if (!cli.workflow.set.empty() || !cli.workflow.params_file.empty()) {
    // The next revision: the file as it stands now, with the run's own seed.
    if (!cli.workflow.seed) cli.workflow.seed = state->spec->seed;
    auto loaded =
        load_workflow(cli, fs::path(state->spec->folder) / fs::path(state->spec->file).filename());
    if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
    options.workflow = std::get<WorkflowSpec>(std::move(loaded));
  }
  if (request.dry_run) {
    const auto preview = on_strand((*engine)->scheduler(), [&] {
      return (*engine)->scheduler().preview_resume(state->id, options);
    });
    if (!preview.ok()) return fail(cli, preview.error());
    const auto document = preview_document(state->id, *preview);
    if (cli.options.output == OutputFormat::kJson) {
      print_json(cli, document);
    } else {
      for (const auto& stage : document.at("reopened").as_array())
        *cli.out << std::string(stage.as_string()) << "\n";
    }
    return ExitCode::kDone;
  }
  return follow_engine(cli, **engine, [&](Scheduler& scheduler) -> Result<std::string> {
    CAIRN_TRY(scheduler.resume(state->id, options));
    return state->id;
  });
}

}  // namespace

void add_resume(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("resume", "Go on with a run that was interrupted or failed");
  auto request = std::make_shared<ResumeRequest>();
  command->add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command->add_option("--from", request->from, "Also run this stage and what follows it again");
  command->add_flag("--dry-run", request->dry_run, "Only say which stages would run");
  add_workflow_options(*command, cli);
  auto machine = std::shared_ptr<MachineOptions>(request, &request->machine);
  add_machine_options(*command, machine);
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return resume(cli, *request); }; });
}

}  // namespace cairn
