// cairn get RUN[/STAGE]
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode get_run(const Cli& cli, RunSource& runs, const std::string& name) {
  const auto run = runs.get(name);
  if (!run.ok()) return fail(cli, run.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *run);
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << text_of(*run, "id") << "\n";
  } else {
    print_run(*cli.out, *run);
  }
  return ExitCode::kDone;
}

ExitCode get_stage(const Cli& cli, RunSource& runs, const RunTarget& target, const TaskPage& page) {
  const auto stage = runs.get_stage(target.run, target.stage, page);
  if (!stage.ok()) return fail(cli, stage.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *stage);
    return ExitCode::kDone;
  }
  if (cli.options.output == OutputFormat::kTable) {
    print_stage(*cli.out, *stage);
    return ExitCode::kDone;
  }
  const json::value* tasks = stage->if_contains("task_list");
  if (tasks == nullptr) *cli.out << text_of(*stage, "name") << "\n";
  for (const auto& task : tasks == nullptr ? json::array() : tasks->as_array())
    *cli.out << text_of(task.as_object(), "name") << "\n";
  return ExitCode::kDone;
}

ExitCode get(const Cli& cli, const std::string& text, const TaskPage& page) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  return target->stage.empty() ? get_run(cli, runs->source(), target->run)
                               : get_stage(cli, runs->source(), *target, page);
}

}  // namespace

void add_get(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("get", "Show a run, one of its stages or one of its tasks");
  auto target = std::make_shared<std::string>();
  auto page = std::make_shared<TaskPage>();
  command->add_option("RUN[/STAGE]", *target, "RUN, RUN/STAGE or RUN/STAGE[LABEL]")->required();
  command->add_option("--offset", page->offset, "First task of the page (0)");
  command->add_option("--limit", page->limit, "Tasks on the page (100)")
      ->check(CLI::PositiveNumber);
  command->callback([&cli, target, page] {
    cli.action = [&cli, target, page] { return get(cli, *target, *page); };
  });
}

}  // namespace cairn
