#include <algorithm>

#include "core/engine/scheduler_impl.h"
#include "core/engine/spent.h"
#include "core/workflow/expand.h"

namespace cairn {
namespace {

// Cache lookups of one turn, and results not known that wait for resources, per run.
constexpr std::size_t kChecksPerTurn = 512;
constexpr std::size_t kReadyAhead = 4096;

}  // namespace

Event Scheduler::Impl::evaluate_when(const Run& run, std::uint32_t stage) const {
  const StageSpec& spec = run.state.spec->stages[stage];
  ConditionScope scope;
  scope.params = run.state.spec->params;
  scope.seed = run.state.spec->seed;
  scope.run_name = run.state.spec->name;
  scope.status = [&](std::string_view name) -> std::optional<std::string> {
    const auto other = run.state.find_stage(name);
    if (!other) return std::nullopt;
    return stage_phase_word(run.state, *other);
  };
  scope.metric = [&](std::string_view name, std::string_view metric) -> std::optional<double> {
    const auto other = run.state.find_stage(name);
    if (!other) return std::nullopt;
    const auto& metrics = run.state.tasks[*other].metrics;
    const auto value = metrics.find(std::string(metric));
    if (value == metrics.end()) return std::nullopt;
    return value->second;
  };
  Event event;
  v1::WhenEvaluated* when = event.mutable_when_evaluated();
  when->set_stage(stage);
  const auto value = ports.when(*spec.when, scope);
  if (value.ok()) {
    when->set_value(*value);
  } else {
    when->set_error("its `when` cannot be evaluated: " + value.error().to_string());
  }
  return event;
}

Event Scheduler::Impl::expand(const Run& run, std::uint32_t stage) const {
  const StageSpec& spec = run.state.spec->stages[stage];
  const auto cells = [&]() -> Result<Cells> {
    const OutputRef& list = spec.foreach->list;
    const TaskState& producer = run.state.tasks[*run.state.find_stage(list.stage)];
    for (const Artifact& output : producer.outputs) {
      if (output.name() != list.output) continue;
      CAIRN_ASSIGN(const std::string text, ports.artifacts.read(output.digest()));
      return expand_foreach(*run.state.spec, spec, text);
    }
    return not_found("stage '" + list.stage + "' made no output '" + list.output + "'");
  }();
  Event event;
  v1::StageExpanded* expanded = event.mutable_stage_expanded();
  expanded->set_stage(stage);
  if (cells.ok()) {
    expanded->set_cells_json(canonical_json(to_json(*cells)));
  } else {
    expanded->set_error("its list cannot be read: " + cells.error().to_string());
  }
  return event;
}

void Scheduler::Impl::list_stage(Run& run, std::uint32_t stage) {
  const StageState& state = run.state.stages[stage];
  for (std::uint32_t cell = 0; cell < state.count; ++cell) {
    const std::uint32_t task = run.state.task_of(stage, cell);
    if (run.state.tasks[task].phase == TaskPhase::kWaiting) list_task(run, task);
  }
}

void Scheduler::Impl::list_task(Run& run, std::uint32_t task) {
  if (run.listed.size() < run.state.tasks.size()) run.listed.resize(run.state.tasks.size());
  if (run.listed[task]) return;
  run.listed[task] = true;
  const WallTime not_before = run.state.tasks[task].misfortune().not_before;
  // A clock that was set back must not make a short pause long.
  const Duration pause = std::clamp(not_before - ports.clock.now(), Duration(0),
                                    std::chrono::duration_cast<Duration>(kLongestPause));
  if (pause > Duration(0)) {
    run.later.emplace(ports.clock.monotonic() + pause, task);
  } else {
    run.unchecked.push_back(task);
  }
}

void Scheduler::Impl::wake_later() {
  for (auto& [id, run] : runs) {
    while (!run->later.empty() && run->later.begin()->first <= ports.clock.monotonic()) {
      run->unchecked.push_back(run->later.begin()->second);
      run->later.erase(run->later.begin());
    }
  }
}

// In slices, so that a wide stage does not hold up what others wait for.
void Scheduler::Impl::check_some() {
  std::size_t left = kChecksPerTurn;
  for (auto& [id, run] : runs) {
    while (!run->unchecked.empty() && left > 0 && run->misses.size() < kReadyAhead) {
      if (run->state.paused || failure) break;
      const std::uint32_t task = run->unchecked.front();
      run->unchecked.pop_front();
      if (run->state.stop || run->state.tasks[task].phase != TaskPhase::kWaiting) {
        run->listed[task] = false;
        continue;
      }
      check(*run, task);
      --left;
    }
    more_to_check = more_to_check || (left == 0 && !run->unchecked.empty());
  }
}

Digest& Scheduler::Impl::key_of_stage(Run& run, std::uint32_t stage) {
  Digest& key = run.stage_keys[stage];
  if (key.empty()) key = stage_key(run.state, stage);
  return key;
}

void Scheduler::Impl::check(Run& run, std::uint32_t number) {
  const TaskState& task = run.state.tasks[number];
  const StageSpec& spec = run.state.spec_of(task);
  Miss miss;
  miss.key = task_key(run.state, number, key_of_stage(run, task.stage));
  std::optional<Event> known;
  if (!task.misfortune().amended.empty()) {
    miss.note = "a watchdog changed its parameters";
  } else if (task.no_cache) {
    miss.note = "asked to run anew";
  } else if (is_fork_point(run.state, number)) {
    miss.note = "the run was forked here";
  } else if (const auto origin = result_of_origin(run, number, miss.key)) {
    known = reuse(run, number, miss.key, *origin, miss.note);
  } else if (!spec.cache) {
    miss.note = "the stage says cache: false";
  } else if (const auto found = ports.store.find_cache(miss.key); !found.ok()) {
    miss.note = found.error().to_string();
  } else if (*found) {
    if (const auto entry = decode_cache_entry(**found); !entry.ok()) {
      miss.note = entry.error().to_string();
    } else {
      known = reuse(run, number, miss.key, *entry, miss.note);
    }
  }
  if (known) {
    run.listed[number] = false;
    emit(run, std::move(*known));
    return;
  }
  run.ready[task.stage].push_back(number);
  run.misses[number] = std::move(miss);
}

std::optional<Event> Scheduler::Impl::reuse(const Run& run, std::uint32_t number,
                                            const std::string& key, const CacheEntry& known,
                                            std::string& note) const {
  const StageSpec& spec = run.state.spec_of(run.state.tasks[number]);
  for (const DeclaredOutput& declared : spec.outputs) {
    const bool there =
        std::any_of(known.outputs.begin(), known.outputs.end(),
                    [&](const Artifact& output) { return output.name() == declared.name; });
    if (there) continue;
    note = "the known result lacks output '" + declared.name + "'";
    return std::nullopt;
  }
  for (const Artifact& output : known.outputs) {
    const auto verified = ports.artifacts.check(output.digest());
    if (verified.ok()) continue;
    note = verified.error().to_string();
    if (verified.error().code == ErrorCode::kCorrupt) {
      const auto moved = ports.artifacts.set_aside(output.digest());
      if (!moved.ok()) note += "; " + moved.error().to_string();
    }
    return std::nullopt;
  }
  Event event;
  v1::TaskReused* reused = event.mutable_task_reused();
  reused->set_task(number);
  reused->set_key(key);
  reused->set_from_run(known.run);
  reused->set_from_task(known.task);
  reused->set_from_name(known.name);
  for (const Artifact& output : known.outputs) *reused->add_outputs() = output;
  reused->mutable_metrics()->insert(known.metrics.begin(), known.metrics.end());
  return event;
}

// What the run this one was made from has for the task, where nothing about it changed.
std::optional<CacheEntry> Scheduler::Impl::result_of_origin(Run& run, std::uint32_t number,
                                                            const std::string& key) {
  const v1::Origin& from = run.state.origin;
  if (from.run().empty()) return std::nullopt;
  if (!run.origin) {
    auto loaded = load_run(ports.store, from.run());
    run.origin = std::make_shared<const RunState>(loaded.ok() ? std::move(*loaded) : RunState());
  }
  if (!run.origin->spec) return std::nullopt;
  const auto same = run.origin->find_task(task_name(run.state, number));
  if (!same || run.origin->tasks[*same].phase != TaskPhase::kSucceeded) return std::nullopt;
  const TaskState& before = run.origin->tasks[*same];
  if (before.key != key) return std::nullopt;
  CacheEntry entry;
  entry.run = run.origin->id;
  entry.task = *same;
  entry.name = task_name(*run.origin, *same);
  entry.outputs = before.outputs;
  entry.metrics = before.metrics;
  return entry;
}

void Scheduler::Impl::put_cache(Run& run, std::uint32_t number) {
  const TaskState& task = run.state.tasks[number];
  if (!run.state.spec_of(task).cache || task.key.empty()) return;
  // Its result has another history than its key says.
  if (!task.misfortune().amended.empty() || is_fork_point(run.state, number)) return;
  const SpentTime spent = spent_by(run.state, task, std::nullopt);
  batch.cache.push_back(
      {task.key, encode_cache_entry({.run = run.state.id,
                                     .task = number,
                                     .name = task_name(run.state, number),
                                     .time_ms = ports.clock.now().time_since_epoch().count(),
                                     .outputs = task.outputs,
                                     .metrics = task.metrics,
                                     .seconds = spent.seconds,
                                     .gpu_seconds = spent.gpu_seconds})});
}

}  // namespace cairn
