// cairn plan FILE
#include "core/workflow/plan.h"

#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/cli/workflow_file.h"
#include "core/server/plan_cache.h"

namespace cairn {
namespace {

ExitCode plan(const Cli& cli, const std::string& file) {
  auto loaded = load_workflow(cli, file);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  const auto& spec = std::get<WorkflowSpec>(loaded);
  std::unique_ptr<RunStore> store;
  PlanSources sources;
  if (auto opened = open_store(cli); opened.ok()) {
    store = std::move(*opened);
    auto known = plan_sources(*store, cli.options.store_dir, spec);
    if (!known.ok()) return fail(cli, known.error());
    sources = std::move(*known);
  } else if (opened.error().code != ErrorCode::kNotFound) {
    return fail(cli, opened.error());
  }
  const auto stages = plan_workflow(spec, sources);
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, to_json(stages));
  } else if (cli.options.output == OutputFormat::kName) {
    for (const auto& stage : stages) *cli.out << stage.name << "\n";
  } else {
    Table table({{"STAGE"},
                 {"USES"},
                 {"TASKS", Table::Align::kRight},
                 {"ACTION"},
                 {"INPUTS"},
                 {"BECAUSE"}});
    for (const auto& stage : stages) {
      std::string action = to_string(stage.action);
      if (stage.step) action += " from " + std::to_string(*stage.step);
      table.add_row({stage.name, stage.uses, stage.tasks > 0 ? std::to_string(stage.tasks) : "?",
                     action, join(stage.inputs, "; "), join(stage.because, "; ")});
    }
    table.print(*cli.out);
    print_saving(*cli.out, to_json(stages).at("stages").as_array());
  }
  return ExitCode::kDone;
}

}  // namespace

void add_plan(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("plan", "Show what a run would do, without starting it");
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "Workflow file")->required();
  add_workflow_options(*command, cli);
  command->callback([&cli, file] { cli.action = [&cli, file] { return plan(cli, *file); }; });
}

}  // namespace cairn
