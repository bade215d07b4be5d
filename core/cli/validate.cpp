// cairn validate FILE
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

ExitCode validate(const Cli& cli, const std::string& file) {
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  WorkflowRequest request = workflow_request(cli, file);
  request.identify_content = false;
  auto checked = check_workflow(request, *registry);
  if (!checked.ok()) return fail(cli, checked.error());
  const bool valid = !checked->diagnostics.has_errors();
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, checked->diagnostics.to_json());
  } else {
    print_diagnostics(cli, checked->diagnostics);
    if (valid && cli.options.output == OutputFormat::kName)
      *cli.out << checked->spec->name << "\n";
    else if (valid && !cli.options.quiet)
      *cli.out << file << ": valid, " << checked->spec->stages.size()
               << (checked->spec->stages.size() == 1 ? " stage\n" : " stages\n");
  }
  return valid ? ExitCode::kDone : ExitCode::kInvalidDefinition;
}

}  // namespace

void add_validate(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("validate", "Check a workflow and show everything wrong");
  auto file = std::make_shared<std::string>();
  command->add_option("FILE", *file, "Workflow file")->required();
  add_workflow_options(*command, cli);
  command->callback([&cli, file] { cli.action = [&cli, file] { return validate(cli, *file); }; });
}

}  // namespace cairn
