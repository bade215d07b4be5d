#include "core/cli/derive.h"

#include <charconv>

#include "core/base/text.h"
#include "core/cli/capture.h"
#include "core/cli/engine_run.h"
#include "core/cli/follow.h"
#include "core/cli/output.h"
#include "core/cli/revision.h"

namespace cairn {

void add_derive_options(CLI::App& command, Cli& cli,
                        const std::shared_ptr<DeriveRequest>& request) {
  command.add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command.add_option("--request-id", request->request_id,
                     "The same id twice gives the same run: for scripts that may try again");
  command.add_flag("--accept-changed-plugins", request->accept_changed_plugins,
                   "Take the plugins as they are now");
  add_wait_timeout(command, request->timeout);
  add_workflow_options(command, cli);
  add_machine_options(command, std::shared_ptr<MachineOptions>(request, &request->machine));
}

ExitCode derive_run(const Cli& cli, const DeriveRequest& request) {
  const auto limit = parse_wait_timeout(*request.timeout);
  if (!limit.ok()) return fail(cli, limit.error());
  DeriveOptions options;
  options.stage = request.stage;
  options.fork = request.fork;
  options.step = request.step;
  options.request_id = request.request_id;
  options.accept_changed_plugins = request.accept_changed_plugins;
  options.traceparent = traceparent_of(cli);
  const auto server = find_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  auto revision = find_revision(cli, request.run);
  if (const auto* code = std::get_if<ExitCode>(&revision)) return *code;
  const auto& [run, before, workflow] = std::get<Revision>(revision);
  options.run = run;
  options.workflow = workflow;
  if (const auto& spec = workflow ? workflow : before)
    options.environment_json = json::serialize(capture_environment(cli, *spec));
  const auto begin = [&](RunControl& control) -> Result<std::string> {
    CAIRN_ASSIGN(const json::object document, control.derive(options));
    return get_string(document, "id");
  };
  if (*server) {
    const auto id = begin(**server);
    if (!id.ok()) return fail(cli, id.error());
    if (!cli.options.quiet) *cli.err << "run " << *id << std::endl;
    return follow_server(cli, **server, *id, {true, *limit});
  }
  auto engine =
      start_engine(cli, request.machine, (request.fork ? "fork " : "rerun ") + options.run,
                   EngineUse::kOneCommand);
  if (!engine.ok()) return fail(cli, engine.error());
  return follow_engine(cli, **engine, begin);
}

Result<std::pair<std::string, std::int64_t>> parse_fork_point(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return std::pair<std::string, std::int64_t>(text, -1);
  std::int64_t step = -1;
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, step);
  if (error != std::errc() || rest != end || step < 0 || colon == 0) {
    return invalid_argument("'" + printable(text) + "' is no place to fork at",
                            "write STAGE or STAGE:STEP, for example rl1:200");
  }
  return std::pair(text.substr(0, colon), step);
}

}  // namespace cairn
