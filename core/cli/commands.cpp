#include "core/cli/commands.h"

#include "core/cli/cli.h"

namespace cairn {

void add_commands(CLI::App& app, Cli& cli) {
  (void)app;
  (void)cli;
}

}  // namespace cairn
