// cairn cancel RUN
#include <future>
#include <memory>
#include <string>

#include "core/cli/commands.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/run_format.h"
#include "core/server/on_strand.h"

namespace cairn {
namespace {

bool ended(const std::string& status) {
  return status == "succeeded" || status == "failed" || status == "cancelled";
}

// Nobody serves the run: this process takes the store, journals the wish and ends hosts that
// outlived their engine.
ExitCode cancel_here(const Cli& cli, EngineProcess& engine, const std::string& text) {
  EngineControl& control = engine.control();
  const auto before = control.runs().get(text);
  if (!before.ok()) return fail(cli, before.error());
  const std::string id = text_of(*before, "id");
  if (const std::string status = text_of(*before, "status"); ended(status))
    return fail(cli, conflict("run " + id + " has already ended: " + status));
  Scheduler& scheduler = engine.scheduler();
  // Shared with a callback that may come as long as the engine lives.
  const auto idle = std::make_shared<std::promise<void>>();
  const auto recovered = on_strand(scheduler, [&]() -> Result<void> {
    CAIRN_ASSIGN(const auto left, scheduler.recover({id}));
    if (!left.empty()) return left.begin()->second;
    const RunState* state = scheduler.find(id);
    // An interrupted run has ended in the journal's eyes; cancelling it is for a resumed one.
    if (state == nullptr) return conflict("run " + id + " was interrupted and runs nothing");
    scheduler.on_idle([idle, told = false]() mutable {
      if (!std::exchange(told, true)) idle->set_value();
    });
    CAIRN_TRY(scheduler.cancel(id));
    return {};
  });
  if (!recovered.ok()) return fail(cli, recovered.error());
  if (!on_strand(scheduler, [&] { return scheduler.idle(); })) idle->get_future().wait();
  const auto run = control.runs().get(id);
  return run.ok() ? print_row(cli, *run) : fail(cli, run.error());
}

ExitCode cancel(const Cli& cli, const std::string& run) {
  auto control = open_control(cli, "cancel " + run);
  if (!control.ok()) return fail(cli, control.error());
  if (!control->remote) return cancel_here(cli, *control->engine, run);
  const auto row = control->remote->cancel(run, {});
  return row.ok() ? print_row(cli, *row) : fail(cli, row.error());
}

}  // namespace

void add_cancel(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand("cancel", "Stop a run; nothing more of it starts");
  auto run = std::make_shared<std::string>();
  command->add_option("RUN", *run, "Id, unique prefix, name or @latest")->required();
  command->callback([&cli, run] { cli.action = [&cli, run] { return cancel(cli, *run); }; });
}

}  // namespace cairn
