// cairn submit FILE
#include <memory>
#include <string>

#include "core/cli/capture.h"
#include "core/cli/commands.h"
#include "core/cli/follow.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/cli/workflow_file.h"

namespace cairn {
namespace {

struct SubmitRequest {
  std::string file;
  std::string name;
  std::string request_id;
  std::int32_t priority = 0;
  bool wait = false;
  bool watch = false;
  std::shared_ptr<std::string> timeout = std::make_shared<std::string>();
};

ExitCode submit(const Cli& cli, const SubmitRequest& request) {
  const auto limit = parse_wait_timeout(*request.timeout);
  if (!limit.ok()) return fail(cli, limit.error());
  auto loaded = load_workflow(cli, request.file);
  if (const auto* code = std::get_if<ExitCode>(&loaded)) return *code;
  auto& spec = std::get<WorkflowSpec>(loaded);
  if (!request.name.empty()) spec.name = request.name;
  auto server = require_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  SubmitOptions options;
  options.request_id = request.request_id;
  options.priority = request.priority;
  options.environment_json = json::serialize(capture_environment(cli, spec));
  options.traceparent = traceparent_of(cli);
  const auto submitted = (*server)->submit(spec, options);
  if (!submitted.ok()) return fail(cli, submitted.error());
  const std::string id = text_of(*submitted, "id");
  const bool follow = request.wait || request.watch || limit->has_value();
  if (cli.options.output != OutputFormat::kJson) {
    *cli.out << id << std::endl;
  } else if (!follow) {
    print_json(cli, *submitted);
  }
  if (!follow) return ExitCode::kDone;
  return follow_server(cli, **server, id, {request.watch, *limit});
}

}  // namespace

void add_submit(CLI::App& app, Cli& cli) {
  auto* command =
      app.add_subcommand("submit", "Hand a workflow to the engine that serves the state folder");
  auto request = std::make_shared<SubmitRequest>();
  command->add_option("FILE", request->file, "Workflow file")->required();
  command->add_option("--name", request->name, "Name of the run (default: the workflow's)");
  command->add_option("--priority", request->priority, "Larger comes first (default 0)");
  command->add_option("--request-id", request->request_id,
                      "The same id twice gives the same run: for scripts that may try again");
  command->add_flag("--wait", request->wait, "Wait for the end; exit as the run did");
  command->add_flag("--watch", request->watch, "Wait, and show what goes on");
  add_wait_timeout(*command, request->timeout);
  add_workflow_options(*command, cli);
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return submit(cli, *request); }; });
}

}  // namespace cairn
