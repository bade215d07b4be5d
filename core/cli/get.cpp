// cairn get RUN[/STAGE]
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode get(const Cli& cli, const std::string& text) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  const auto run = runs->source().get(target->run);
  if (!run.ok()) return fail(cli, run.error());
  if (target->stage.empty()) {
    if (cli.options.output == OutputFormat::kJson) {
      print_json(cli, *run);
    } else if (cli.options.output == OutputFormat::kName) {
      *cli.out << text_of(*run, "id") << "\n";
    } else {
      print_run(*cli.out, *run);
    }
    return ExitCode::kDone;
  }
  const auto stage = find_stage(*run, target->stage);
  if (!stage.ok()) return fail(cli, stage.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, **stage);
  } else {
    print_stage(*cli.out, **stage);
  }
  return ExitCode::kDone;
}

}  // namespace

void add_get(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("get", "Show a run, or one of its stages");
  auto target = std::make_shared<std::string>();
  command->add_option("RUN[/STAGE]", *target, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, target] { cli.action = [&cli, target] { return get(cli, *target); }; });
}

}  // namespace cairn
