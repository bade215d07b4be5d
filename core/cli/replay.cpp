// cairn replay RUN/STAGE
//
// An engine of its own, with a temporary journal that knows only the run it replays, and with the
// store's artifacts: the task's sources are reused, the task itself runs anew.
#include <future>
#include <memory>
#include <string>

#include "core/base/text.h"
#include "core/cli/commands.h"
#include "core/cli/machine.h"
#include "core/cli/open_runs.h"
#include "core/cli/output.h"
#include "core/cli/replay_plan.h"
#include "core/cli/run_format.h"
#include "core/engine/load.h"
#include "core/server/on_strand.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

// Gone with all it holds when the replay ends.
class ScratchFolder {
 public:
  static Result<ScratchFolder> make() {
    std::error_code error;
    const fs::path parent = fs::temp_directory_path(error);
    if (error) return io_error("find", "the temporary folder", error.value());
    CAIRN_ASSIGN(fs::path path, make_private_folder(parent, "cairn-replay-"));
    return ScratchFolder(std::move(path));
  }
  ~ScratchFolder() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  ScratchFolder(ScratchFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  ScratchFolder& operator=(ScratchFolder&&) = delete;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  explicit ScratchFolder(fs::path path) : path_(std::move(path)) {}
  fs::path path_;
};

Result<void> copy_run(const RunStore& from, const RunState& state, const fs::path& state_dir) {
  CAIRN_TRY(real_file_system().make_directories(state_dir));
  CAIRN_ASSIGN(const auto to, open_rocks_store(state_dir));
  StoreBatch batch;
  CAIRN_TRY(from.read_journal(state.id, 0, [&](std::uint64_t, std::string_view bytes) {
    batch.journal.push_back({state.id, std::string(bytes)});
    return true;
  }));
  batch.summaries.push_back({state.id, encode_row(state)});
  CAIRN_TRY(to->append(batch));
  return {};
}

// Runs the workflow as a rerun of the recorded run, and returns the task's state.
Result<TaskState> run_again(EngineProcess& engine, const RunState& recorded,
                            const std::string& stage, WorkflowSpec spec) {
  Scheduler& scheduler = engine.scheduler();
  const auto idle = std::make_shared<std::promise<void>>();
  DeriveOptions options;
  options.run = recorded.id;
  options.stage = stage;
  options.workflow = std::move(spec);
  const auto id = on_strand(scheduler, [&] {
    scheduler.on_idle([idle, told = false]() mutable {
      if (!std::exchange(told, true)) idle->set_value();
    });
    return scheduler.derive(options);
  });
  if (!id.ok()) return id.error();
  if (!on_strand(scheduler, [&] { return scheduler.idle(); })) idle->get_future().wait();
  auto task = on_strand(scheduler, [&]() -> Result<TaskState> {
    if (scheduler.failure()) return *scheduler.failure();
    const RunState* state = scheduler.find(*id);
    if (state == nullptr) return internal_error("the replay is gone");
    const auto number = state->find_stage(stage);
    if (!number) return internal_error("the replay lacks its stage");
    return state->tasks[*number];
  });
  const auto removed =
      on_strand(scheduler, [&] { return scheduler.remove(*id); });  // its attempts' folders
  if (!removed.ok()) return removed.error();
  return task;
}

ExitCode report(const Cli& cli, const json::object& document) {
  const bool equal = flag_of(document, "equal");
  if (cli.options.output == OutputFormat::kJson) {
    print_json(cli, document);
  } else if (cli.options.output == OutputFormat::kName) {
    for (const auto& value : document.at("outputs").as_array()) {
      const auto& output = value.as_object();
      if (output.at("recorded") != output.at("replayed"))
        *cli.out << text_of(output, "name") << "\n";
    }
  } else {
    Table table({{"OUTPUT"}, {"SAME"}, {"RECORDED"}, {"REPLAYED"}});
    for (const auto& value : document.at("outputs").as_array()) {
      const auto& output = value.as_object();
      table.add_row({text_of(output, "name"),
                     output.at("recorded") == output.at("replayed") ? "yes" : "no",
                     text_of(output, "recorded"), text_of(output, "replayed")});
    }
    table.print(*cli.out);
    *cli.out << (equal ? "the replay made the same bytes\n" : "the replay made other bytes\n");
  }
  return equal ? ExitCode::kDone : ExitCode::kRunFailed;
}

ExitCode replay(const Cli& cli, const std::string& text, const MachineOptions& machine) {
  const auto target = parse_target(text);
  if (!target.ok()) return fail(cli, target.error());
  const auto store = open_store(cli);
  if (!store.ok()) return fail(cli, store.error());
  const auto rows = list_rows(**store);
  if (!rows.ok()) return fail(cli, rows.error());
  const auto id = resolve_run(*rows, target->run);
  if (!id.ok()) return fail(cli, id.error());
  const auto state = load_run(**store, *id);
  if (!state.ok()) return fail(cli, state.error());
  const auto number = state->find_task(target->stage);
  if (!number) {
    return fail(cli, not_found("run " + *id + " has no task '" + target->stage + "'",
                               "name a stage with one task, or STAGE[LABEL]: cairn get " + *id));
  }
  auto spec = replay_workflow(*state, *number);
  if (!spec.ok()) return fail(cli, spec.error());
  const auto scratch = ScratchFolder::make();
  if (!scratch.ok()) return fail(cli, scratch.error());
  const TaskState& recorded = state->tasks[*number];
  const std::string stage = state->spec_of(recorded).name;
  Cli aside = cli;
  aside.options.state_dir = scratch->path() / "state";
  if (const auto copied = copy_run(**store, *state, aside.options.state_dir); !copied.ok())
    return fail(cli, copied.error());
  auto engine = start_engine(aside, machine, "replay " + text, EngineUse::kScratch);
  if (!engine.ok()) return fail(cli, engine.error());
  const auto replayed = run_again(**engine, *state, stage, std::move(*spec));
  if (!replayed.ok()) return fail(cli, replayed.error());
  if (replayed->phase != TaskPhase::kSucceeded) {
    const TaskTrouble& trouble = replayed->misfortune();
    return fail(cli, make_error(ErrorCode::kInternal, "the replay of '" + target->stage + "' is " +
                                                          to_string(replayed->phase) + ": " +
                                                          trouble.cause + ": " + trouble.message));
  }
  json::object document{{"run", *id}, {"task", target->stage}};
  for (auto& [key, value] : compare_outputs(recorded.outputs, replayed->outputs))
    document[key] = value;
  return report(cli, document);
}

}  // namespace

void add_replay(CLI::App& app, Cli& cli) {
  auto* command = app.add_subcommand(
      "replay", "Run one task again from its recorded inputs, and compare what it makes");
  command->footer("Exits with 1 where an output differs.");
  auto target = std::make_shared<std::string>();
  auto machine = std::make_shared<MachineOptions>();
  command->add_option("RUN/STAGE", *target, "RUN/STAGE, or RUN/STAGE[LABEL] of several tasks")
      ->required();
  add_machine_options(*command, machine);
  command->callback([&cli, target, machine] {
    cli.action = [&cli, target, machine] { return replay(cli, *target, *machine); };
  });
}

}  // namespace cairn
