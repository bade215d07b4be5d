// cairn rerun RUN --from STAGE
#include "core/cli/commands.h"
#include "core/cli/derive.h"

namespace cairn {

void add_rerun(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "rerun", "Make a new run of another: a stage and what follows it anew, the rest reused");
  auto request = std::make_shared<DeriveRequest>();
  command->add_option("--from", request->stage, "The first stage that runs anew")
      ->type_name("STAGE")
      ->required();
  add_derive_options(*command, cli, request);
  command->callback(
      [&cli, request] { cli.action = [&cli, request] { return derive_run(cli, *request); }; });
}

}  // namespace cairn
