#include "core/cli/commands.h"

#include "core/cli/cli.h"

namespace cairn {

void add_commands(CLI::App& app, Cli& cli) {
  add_validate(app, cli);
  add_plan(app, cli);
  add_run(app, cli);
  add_serve(app, cli);
  add_ui(app, cli);
  add_token(app, cli);
  add_submit(app, cli);
  add_list(app, cli);
  add_get(app, cli);
  add_watch(app, cli);
  add_logs(app, cli);
  add_events(app, cli);
  add_metrics(app, cli);
  add_explain(app, cli);
  add_resume(app, cli);
  add_rerun(app, cli);
  add_fork(app, cli);
  add_cancel(app, cli);
  add_pause(app, cli);
  add_approve(app, cli);
  add_delete(app, cli);
  add_diff(app, cli);
  add_lineage(app, cli);
  add_replay(app, cli);
  add_artifacts(app, cli);
  add_backup(app, cli);
  add_restore(app, cli);
  add_plugins(app, cli);
  add_schema(app, cli);
  add_doctor(app, cli);
  add_completion(app, cli);
}

}  // namespace cairn
