#include "core/cli/commands.h"

#include "core/cli/cli.h"

namespace cairn {

void add_commands(CLI::App& app, Cli& cli) {
  add_validate(app, cli);
  add_plan(app, cli);
  add_plugins(app, cli);
  add_schema(app, cli);
  add_doctor(app, cli);
}

}  // namespace cairn
