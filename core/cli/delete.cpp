// cairn delete RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode delete_run(const Cli& cli, const std::string& run) {
  auto control = open_control(cli, "delete " + run);
  if (!control.ok()) return fail(cli, control.error());
  const auto removed = control->control().remove(run);
  if (!removed.ok()) return fail(cli, removed.error());
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, *removed);
  } else if (cli.options.output == OutputFormat::kName) {
    *cli.out << text_of(*removed, "id") << "\n";
  } else if (!cli.options.quiet) {
    *cli.out << "run " << text_of(*removed, "id") << " deleted\n";
  }
  return ExitCode::kDone;
}

}  // namespace

void add_delete(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("delete", "Forget a run that has ended, with its attempts");
  command->footer("Its artifacts stay until `cairn artifacts gc` finds that nothing needs them.");
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, run] { cli.action = [&cli, run] { return delete_run(cli, *run); }; });
}

}  // namespace cairn
