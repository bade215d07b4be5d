// cairn watch RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/follow.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

struct WatchRequest {
  std::string run;
  std::uint64_t after = 0;
  std::shared_ptr<std::string> timeout = std::make_shared<std::string>();
};

ExitCode watch_events(const Cli& cli, RunSource& runs, const WatchRequest& request,
                      const std::optional<Duration>& limit) {
  const auto watched =
      runs.watch(request.run, {request.after, false, true, limit}, [&](const WatchEvent& event) {
        *cli.out << json::serialize(event.event) << std::endl;
        return cli.out->good();
      });
  if (!watched.ok() && is_timed_out(watched.error())) return ExitCode::kTimedOut;
  if (!watched.ok()) return fail(cli, watched.error());
  const auto document = runs.get(request.run);
  return document.ok() ? exit_code_of_run(*document) : fail(cli, document.error());
}

ExitCode watch(const Cli& cli, const WatchRequest& request) {
  const auto limit = parse_wait_timeout(*request.timeout);
  if (!limit.ok()) return fail(cli, limit.error());
  auto runs = open_runs(cli);
  if (!runs.ok()) return fail(cli, runs.error());
  if (cli.options.output == OutputFormat::kJson)
    return watch_events(cli, runs->source(), request, *limit);
  const auto document = runs->source().get(request.run);
  if (!document.ok()) return fail(cli, document.error());
  if (runs->remote)
    return follow_server(cli, *runs->remote, text_of(*document, "id"), {true, *limit});
  // Nobody serves it: this is how it was left.
  print_result(cli, *document);
  return exit_code_of_run(*document);
}

}  // namespace

void add_watch(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("watch", "Follow a run until it has ended");
  auto request = std::make_shared<WatchRequest>();
  command->add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command->add_option("--after", request->after, "With -o json: events after this sequence")
      ->type_name("SEQUENCE");
  add_wait_timeout(*command, request->timeout);
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return watch(cli, *request); }; });
}

}  // namespace cairn
