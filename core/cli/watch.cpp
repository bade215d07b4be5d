// cairn watch RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_display.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

ExitCode watch_events(const Cli& cli, OpenRuns& runs, const std::string& run) {
  const auto watched = runs.source().watch(run, 0, false, [&](const WatchEvent& event) {
    *cli.out << json::serialize(event.event) << std::endl;
    return cli.out->good();
  });
  if (!watched.ok()) return fail(cli, watched.error());
  const auto document = runs.source().get(run);
  return document.ok() ? exit_code_of_run(*document) : fail(cli, document.error());
}

ExitCode watch(const Cli& cli, const std::string& run) {
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  if (cli.options.output == OutputFormat::kJson) return watch_events(cli, *runs, run);
  auto document = runs->source().get(run);
  if (!document.ok()) return fail(cli, document.error());
  RunDisplay display(*cli.err,
                     cli.options.quiet                 ? RunDisplay::Mode::kSilent
                     : cli.environment.err_is_terminal ? RunDisplay::Mode::kBars
                                                       : RunDisplay::Mode::kLines,
                     100);
  display.update(*document);
  const auto watched = runs->source().watch(run, 0, true, [&](const WatchEvent&) {
    document = runs->source().get(run);
    if (document.ok()) display.update(*document);
    return document.ok();
  });
  display.clear();
  if (!watched.ok()) return fail(cli, watched.error());
  // The engine that served it may have ended with it: ask once more, whoever answers now.
  auto after = open_runs(cli);
  if (after.ok()) document = after->source().get(run);
  if (!document.ok()) return fail(cli, document.error());
  print_run(*cli.out, *document);
  return exit_code_of_run(*document);
}

}  // namespace

void add_watch(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("watch", "Follow a run until it has ended");
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, run] { cli.action = [&cli, run] { return watch(cli, *run); }; });
}

}  // namespace cairn
