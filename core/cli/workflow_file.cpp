#include "core/cli/workflow_file.h"

#include <utility>

#include "core/cli/output.h"
#include "core/cli/terminal_text.h"

namespace cairn {

Result<Registry> load_registry(const Cli& cli) {
  CAIRN_ASSIGN(auto registry, Registry::scan(cli.options.plugin_dirs, cli.host_program()));
  for (const Error& problem : registry.problems()) print_warning(cli, problem);
  return registry;
}

WorkflowRequest workflow_request(const Cli& cli, const fs::path& file) {
  WorkflowRequest request;
  request.file = file;
  request.set = cli.workflow.set;
  request.params_file = cli.workflow.params_file;
  request.seed = cli.workflow.seed;
  return request;
}

std::variant<WorkflowSpec, ExitCode> load_workflow(const Cli& cli, const fs::path& file) {
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  return check_or_report(cli, workflow_request(cli, file), *registry);
}

std::variant<WorkflowSpec, ExitCode> check_or_report(const Cli& cli, const WorkflowRequest& request,
                                                     const Registry& registry) {
  return spec_or_report(cli, check_workflow(request, registry));
}

std::variant<WorkflowSpec, ExitCode> spec_or_report(const Cli& cli,
                                                    Result<CheckedWorkflow> checked) {
  if (!checked.ok()) return fail(cli, checked.error());
  if (checked->spec) {
    if (!cli.options.quiet) print_diagnostics(cli, checked->diagnostics);
    return std::move(*checked->spec);
  }
  if (cli.options.output == OutputFormat::kJson)
    print_json(cli, checked->diagnostics.to_json());
  else
    print_diagnostics(cli, checked->diagnostics);
  return ExitCode::kInvalidDefinition;
}

void print_diagnostics(const Cli& cli, const Diagnostics& diagnostics) {
  *cli.err << terminal_text(diagnostics.to_text());
}

}  // namespace cairn
