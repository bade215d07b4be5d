// cairn approve RUN STAGE
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"

namespace cairn {
namespace {

struct ApproveRequest {
  std::string run;
  std::string stage;
  bool reject = false;
  std::string by;
};

ExitCode approve(const Cli& cli, const ApproveRequest& request) {
  auto server = require_server(cli);
  if (!server.ok()) return fail(cli, server.error());
  const std::string by =
      request.by.empty() ? cli.environment.variable("USER").value_or("somebody") : request.by;
  const auto row = (*server)->approve(request.run, request.stage, !request.reject, by, {});
  return row.ok() ? print_row(cli, *row) : fail(cli, row.error());
}

}  // namespace

void add_approve(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("approve", "Answer a stage that waits for a person");
  auto request = std::make_shared<ApproveRequest>();
  command->add_option("RUN", request->run, "Id, unique prefix, name or @latest")->required();
  command->add_option("STAGE", request->stage, "The stage that asks")->required();
  command->add_flag("--reject", request->reject, "Say no: the stage fails");
  command->add_option("--by", request->by, "Who answers ($USER)")->type_name("NAME");
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return approve(cli, *request); }; });
}

}  // namespace cairn
