#include "core/cli/commands.h"

#include "core/cli/cli.h"

namespace cairn {

void add_commands(CLI::App& app, Cli& cli) {
  add_doctor(app, cli);
}

}  // namespace cairn
