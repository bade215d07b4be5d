// cairn pause RUN, cairn unpause RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode pause(const Cli& cli, const std::string& run, bool paused) {
  auto server = require_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  const auto row = (*server)->pause(run, paused, {});
  return row.ok() ? print_row(cli, *row) : fail(cli, row.error());
}

void add(CLI::App& app, Cli& cli, const char* name, const char* help, bool paused) {
  auto* command = app.add_subcommand(name, help);
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, run, paused] {
    cli.action = [&cli, run, paused] { return pause(cli, *run, paused); };
  });
}

}  // namespace

void add_pause(CLI::App& app, Cli& cli) {
  add(app, cli, "pause", "Start nothing more of a run; what runs goes on", true);
  add(app, cli, "unpause", "Go on with a paused run", false);
}

}  // namespace cairn
