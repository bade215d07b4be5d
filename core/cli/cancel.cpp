// cairn cancel RUN
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/engine_run.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/on_strand.h"
#include "core/server/socket_path.h"

namespace cairn {
namespace {

ExitCode print_cancelled(const Cli& cli, const json::object& run) {
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, run);
  } else if (!cli.options.quiet) {
    *cli.out << "run " << text_of(run, "id") << " " << text_of(run, "status") << "\n";
  }
  return ExitCode::kDone;
}

bool ended(const std::string& status) {
  return status == "succeeded" || status == "failed" || status == "cancelled";
}

// Nobody serves the run: this process takes the store, journals the wish and ends hosts that
// outlived their engine.
ExitCode cancel_here(Cli& cli, const std::string& text) {
  auto engine = start_engine(cli, {}, "cancel " + text);
  if (!engine.ok()) return fail(cli, engine.error());
  Scheduler& scheduler = (*engine)->scheduler();
  StoreRuns runs((*engine)->store(), (*engine)->store_folder(), &scheduler);
  const auto id = on_strand(scheduler, [&] { return runs.resolve(text); });
  if (!id.ok()) return fail(cli, id.error());
  const auto before = on_strand(scheduler, [&] { return runs.get(*id); });
  if (!before.ok()) return fail(cli, before.error());
  if (const std::string status = text_of(*before, "status"); ended(status))
    return fail(cli, conflict("run " + *id + " has already ended: " + status));
  std::promise<void> idle;
  const auto cancelled = on_strand(scheduler, [&]() -> Result<void> {
    CAIRN_TRY(scheduler.recover(*id));
    scheduler.on_idle([&idle, told = false]() mutable {
      if (!std::exchange(told, true)) idle.set_value();
    });
    CAIRN_TRY(scheduler.cancel(*id));
    if (scheduler.idle()) {
      scheduler.on_idle([] {});
      idle.set_value();
    }
    return {};
  });
  if (!cancelled.ok()) return fail(cli, cancelled.error());
  idle.get_future().wait();
  const auto run = on_strand(scheduler, [&] { return runs.get(*id); });
  if (!run.ok()) return fail(cli, run.error());
  return print_cancelled(cli, *run);
}

ExitCode cancel(Cli& cli, const std::string& text) {
  const auto remote =
      RemoteRuns::connect(find_socket_path(real_file_system(), cli.options.state_dir));
  if (!remote) return cancel_here(cli, text);
  const auto run = remote->cancel(text);
  if (!run.ok()) return fail(cli, run.error());
  return print_cancelled(cli, *run);
}

}  // namespace

void add_cancel(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("cancel", "Stop a run; nothing more of it starts");
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, run] { cli.action = [&cli, run] { return cancel(cli, *run); }; });
}

}  // namespace cairn
