#include "core/cli/follow.h"

#include "core/base/quantity.h"
#include "core/cli/engine_run.h"
#include "core/cli/output.h"
#include "core/cli/run_display.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

// The engine that served it may have ended: whoever answers now.
Result<json::object> get_anyhow(const Cli& cli, RemoteRuns& server, const std::string& run) {
  auto document = server.get(run);
  if (document.ok() || document.error().code != ErrorCode::kUnavailable) return document;
  CAIRN_ASSIGN(OpenRuns runs, open_runs(cli));
  return runs.source().get(run);
}

}  // namespace

ExitCode follow_server(const Cli& cli, RemoteRuns& server, const std::string& run,
                       const FollowOptions& options) {
  RunDisplay display = make_display(cli);
  const bool show = options.show && !cli.options.quiet;
  const auto draw = [&] {
    if (!show) return;
    if (const auto document = server.get(run); document.ok()) display.update(*document);
  };
  draw();
  const auto watched =
      server.watch(run, {kNoEvents, show, true, options.limit}, [&](const WatchEvent&) {
        draw();
        return true;
      });
  display.clear();
  if (!watched.ok() && is_timed_out(watched.error())) {
    print_error(
        cli, make_error(ErrorCode::kUnavailable, "run " + run + " goes on after the time to wait",
                        "watch it: cairn watch " + run));
    return ExitCode::kTimedOut;
  }
  if (!watched.ok()) return fail(cli, watched.error());
  const auto document = get_anyhow(cli, server, run);
  if (!document.ok()) return fail(cli, document.error());
  if (show) display.update(*document);
  display.clear();
  if (options.show || cli.options.output == OutputFormat::kJson) print_result(cli, *document);
  return exit_code_of_run(*document);
}

void add_wait_timeout(CLI::App& command, const std::shared_ptr<std::string>& text) {
  command.add_option("--wait-timeout", *text, "Wait no longer than this, then exit with 7")
      ->type_name("DURATION");
}

Result<std::optional<Duration>> parse_wait_timeout(const std::string& text) {
  if (text.empty()) return std::optional<Duration>();
  CAIRN_ASSIGN(const Duration limit, parse_duration(text));
  return std::optional<Duration>(limit);
}

}  // namespace cairn
