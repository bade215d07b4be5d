#include "core/cli/revision.h"

#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/workflow_file.h"
#include "core/engine/load.h"
#include "core/server/revise.h"

namespace cairn {

bool asks_for_revision(const Cli& cli) {
  return !cli.workflow.set.empty() || !cli.workflow.params_file.empty() ||
         cli.workflow.seed.has_value();
}

std::variant<WorkflowSpec, ExitCode> revise_workflow(const Cli& cli, const WorkflowSpec& before) {
  auto registry = load_registry(cli);
  if (!registry.ok()) return fail(cli, registry.error());
  const ReviseWish wish{cli.workflow.set, cli.workflow.params_file, cli.workflow.seed};
  return spec_or_report(cli, revise_workflow(before, wish, *registry));
}

std::variant<Revision, ExitCode> find_revision(const Cli& cli, const std::string& run) {
  if (!cli.options.server.empty()) {
    if (!asks_for_revision(cli)) return Revision{run, {}, {}};
    return fail(cli, invalid_argument("--set, --params and --seed need the run's state folder",
                                      "give the command on the machine of the engine"));
  }
  const auto state = load_run_named(cli, run);
  if (!state.ok()) return fail(cli, state.error());
  if (!asks_for_revision(cli)) return Revision{state->id, *state->spec, {}};
  auto revised = revise_workflow(cli, *state->spec);
  if (const auto* code = std::get_if<ExitCode>(&revised)) return *code;
  return Revision{state->id, *state->spec, std::get<WorkflowSpec>(std::move(revised))};
}

Result<RunState> load_run_named(const Cli& cli, const std::string& text) {
  CAIRN_ASSIGN(const auto store, open_store(cli));
  CAIRN_ASSIGN(const auto rows, list_rows(*store));
  CAIRN_ASSIGN(const std::string id, resolve_run(rows, text));
  return load_run(*store, id);
}

}  // namespace cairn
