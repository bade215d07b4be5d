#include "core/cli/commands.h"

#include "core/cli/cli.h"

namespace cairn {

void add_commands(CLI::App& app, Cli& cli) {
  add_validate(app, cli);
  add_plan(app, cli);
  add_run(app, cli);
  add_list(app, cli);
  add_get(app, cli);
  add_watch(app, cli);
  add_logs(app, cli);
  add_resume(app, cli);
  add_cancel(app, cli);
  add_explain(app, cli);
  add_artifacts(app, cli);
  add_plugins(app, cli);
  add_schema(app, cli);
  add_doctor(app, cli);
}

}  // namespace cairn
