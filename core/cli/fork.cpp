// cairn fork RUN --at STAGE[:STEP]
#include "core/cli/commands.h"
#include "core/cli/derive.h"
#include "core/cli/output.h"

namespace cairn {
namespace {

ExitCode fork(const Cli& cli, DeriveRequest& request, const std::string& at) {
  const auto point = parse_fork_point(at);
  if (!point.ok()) return fail(cli, point.error());
  request.fork = true;
  request.stage = point->first;
  request.step = point->second;
  return derive_run(cli, request);
}

}  // namespace

void add_fork(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "fork", "Make a new run of another that goes its own way from a stage, or a step of it, on");
  command->footer(
      "With a step, the stage starts from the newest kept checkpoint up to it, computes on with "
      "the\n"
      "old parameters to that step, and from there with those of --set.");
  auto request = std::make_shared<DeriveRequest>();
  auto at = std::make_shared<std::string>();
  command->add_option("--at", *at, "Where the ways part")->type_name("STAGE[:STEP]")->required();
  add_derive_options(*command, cli, request);
  command->callback([&cli, request, at] {
    cli.action = [&cli, request, at] { return fork(cli, *request, *at); };
  });
}

}  // namespace cairn
