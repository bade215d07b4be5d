// cairn resume RUN
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/follow.h"
#include "core/cli/machine.h"
#include "core/cli/output.h"
#include "core/cli/revision.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

struct ResumeRequest {
  std::string run;
  std::string from;
  bool dry_run = false;
  bool accept_changed_plugins = false;
  MachineOptions machine;
  std::shared_ptr<std::string> timeout = std::make_shared<std::string>();
};

ExitCode print_preview(const Cli& cli, const json::object& preview) {
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, preview);
    return ExitCode::kDone;
  }
  Table table({{"STAGE"}, {"USES"}, {"TASKS", Table::Align::kRight}, {"ACTION"}, {"BECAUSE"}});
  for (const auto& value : preview.at("stages").as_array()) {
    const auto& stage = value.as_object();
    const std::string name = text_of(stage, "name");
    std::string action = text_of(stage, "action");
    if (cli.options.output == OutputFormat::kName) {
      if (action == "run" || action == "continue") *cli.out << name << "\n";
      continue;
    }
    if (stage.contains("step")) action += " from step " + std::to_string(number_of(stage, "step"));
    std::string because = join(texts_of(stage, "because"), "; ");
    if (const auto differs = texts_of(stage, "differs"); !differs.empty())
      because += " (" + join(differs, ", ") + ")";
    table.add_row(
        {name, text_of(stage, "uses"), std::to_string(number_of(stage, "tasks")), action, because});
  }
  if (cli.options.output == OutputFormat::kTable) {
    table.print(*cli.out);
    print_saving(*cli.out, preview.at("stages").as_array());
  }
  return ExitCode::kDone;
}

ExitCode resume_here(const Cli& cli, const std::string& id, const ResumeRequest& request,
                     const ResumeWish& wish) {
  auto engine = start_engine(cli, request.machine, "resume " + id, EngineUse::kOneCommand);
  if (!engine.ok()) return fail(cli, engine.error());
  if (wish.dry_run) {
    const auto preview = (*engine)->control().resume(id, wish);
    return preview.ok() ? print_preview(cli, *preview) : fail(cli, preview.error());
  }
  return follow_engine(cli, **engine, [&](EngineControl& control) -> Result<std::string> {
    CAIRN_TRY(control.resume(id, wish));
    return id;
  });
}

ExitCode resume(const Cli& cli, const ResumeRequest& request) {
  const auto limit = parse_wait_timeout(*request.timeout);
  if (!limit.ok()) return fail(cli, limit.error());
  const auto server = find_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  ResumeWish wish;
  wish.dry_run = request.dry_run;
  wish.options.accept_changed_plugins = request.accept_changed_plugins;
  if (!request.from.empty()) wish.options.from = request.from;
  auto revision = find_revision(cli, request.run);
  if (const auto* code = std::get_if<ExitCode>(&revision)) return *code;
  const std::string& run = std::get<Revision>(revision).run;
  wish.options.workflow = std::get<Revision>(revision).workflow;
  if (!*server) return resume_here(cli, run, request, wish);
  const auto resumed = (*server)->resume(run, wish);
  if (!resumed.ok()) return fail(cli, resumed.error());
  if (wish.dry_run) return print_preview(cli, *resumed);
  if (!cli.options.quiet) *cli.err << "run " << run << std::endl;
  return follow_server(cli, **server, run, {true, *limit});
}

}  // namespace

void add_resume(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("resume", "Go on with a run that was interrupted or failed");
  auto request = std::make_shared<ResumeRequest>();
  command->add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command->add_option("--from", request->from, "Also run this stage and what follows it again")
      ->type_name("STAGE");
  command->add_flag("--dry-run", request->dry_run, "Only say what each stage would do, and why");
  command->add_flag("--accept-changed-plugins", request->accept_changed_plugins,
                    "Take the plugins as they are now");
  add_wait_timeout(*command, request->timeout);
  add_workflow_options(*command, cli);
  add_machine_options(*command, std::shared_ptr<MachineOptions>(request, &request->machine));
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return resume(cli, *request); }; });
}

}  // namespace cairn
