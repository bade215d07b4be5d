#include <algorithm>

#include "core/base/boundary.h"
#include "core/engine/run_trace.h"
#include "core/engine/scheduler_impl.h"

namespace cairn {
namespace {

// Runs that have ended stay at hand for a while: this many.
constexpr std::size_t kEndedRunsKept = 64;

// Steps of the checkpoints in a task's folder, ascending; complete ones have a number for a name.
std::vector<std::int64_t> checkpoint_steps(const fs::path& folder) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    const bool number =
        !name.empty() && name.size() < 19 &&
        std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
    if (number && fs::exists(it->path() / "manifest.json", error))
      steps.push_back(std::stoll(name));
  }
  std::sort(steps.begin(), steps.end());
  return steps;
}

Result<void> copy_tree(const fs::path& from, const fs::path& to, fs::copy_options how) {
  std::error_code error;
  if (!fs::exists(from, error)) return {};
  const PersistenceBoundary boundary(Boundary::kRunFolder);
  note_change("copy", to.native());
  fs::create_directories(to.parent_path(), error);
  if (!error) fs::copy(from, to, how | fs::copy_options::recursive, error);
  if (error) return io_error("copy", from.string(), error.value());
  return {};
}

}  // namespace

Result<Scheduler::Impl::Run*> Scheduler::Impl::running(const std::string& run) {
  const auto found = runs.find(run);
  if (found == runs.end()) {
    CAIRN_TRY(load_catalog());
    if (ids.contains(run)) {
      return conflict("run " + run + " is not served: it has ended or was interrupted",
                      "take it up with: cairn resume " + run);
    }
    return not_found("there is no run " + run);
  }
  if (found->second->state.status != RunStatus::kRunning) {
    return conflict("run " + run + " has ended: " + to_string(found->second->state.status));
  }
  return found->second.get();
}

Result<void> Scheduler::Impl::load_catalog() {
  if (catalog_loaded) return {};
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(ports.store));
  for (const RunRow& row : rows) {
    ids.insert(row.id);
    if (!row.request_id.empty()) by_request[row.request_id] = row.id;
    newest_id = std::max(newest_id, row.created_at);
  }
  catalog_loaded = true;
  return {};
}

// Journals a run's first event; it is durable when the turn is.
Result<std::string> Scheduler::Impl::create(
    Event event, const std::string& request_id,
    const std::function<Result<void>(const std::string& id)>& prepare) {
  CAIRN_TRY(load_catalog());
  if (!request_id.empty()) {
    if (const auto known = by_request.find(request_id); known != by_request.end()) {
      return known->second;
    }
  }
  // Ids grow, also when the clock is set back.
  const WallTime now = std::max(ports.clock.now(), newest_id);
  std::string id;
  do {
    id = make_run_id(now, ports.random());
  } while (ids.contains(id));
  v1::RunCreated* created = event.mutable_run_created();
  created->set_run(id);
  created->set_request_id(request_id);
  created->set_traceparent(run_traceparent(id, created->traceparent()));
  if (prepare) CAIRN_TRY(prepare(id));
  CAIRN_TRY(act([&] {
    RunState state;
    state.id = id;
    ids.insert(id);
    newest_id = now;
    if (!request_id.empty()) by_request[request_id] = id;
    emit(adopt_state(std::move(state)), event);
  }));
  return id;
}

Result<std::string> Scheduler::Impl::derive(const DeriveOptions& options) {
  CAIRN_ASSIGN(const RunState from, load(options.run));
  const auto stage = from.find_stage(options.stage);
  if (!stage) return not_found("run " + options.run + " has no stage '" + options.stage + "'");
  WorkflowSpec spec = options.workflow ? *options.workflow : *from.spec;
  if (options.accept_changed_plugins) {
    CAIRN_ASSIGN(spec, with_plugins_of_today(std::move(spec)));
  }
  CAIRN_TRY(check_stages(spec));
  CAIRN_TRY(check_plugins(spec));
  Event event;
  v1::RunCreated* created = event.mutable_run_created();
  created->set_workflow_json(canonical_json(to_json(spec)));
  created->set_priority(from.priority);
  created->set_environment_json(options.environment_json);
  created->set_traceparent(options.traceparent);
  v1::Origin* origin = created->mutable_origin();
  origin->set_run(options.run);
  origin->set_stage(options.stage);
  origin->set_fork(options.fork);
  origin->set_step(-1);
  fs::path source;
  std::optional<std::int64_t> newest;
  if (options.fork) {
    const StageState& forked = from.stages[*stage];
    if (forked.cells || !forked.expanded) {
      return invalid_argument("stage '" + options.stage + "' has several tasks",
                              "fork at a stage with one");
    }
    if (options.step >= 0) {
      source = ports.artifacts.store_folder() / task_folder(from, *stage);
      for (const std::int64_t step : checkpoint_steps(TaskFolder{source}.checkpoints())) {
        if (step <= options.step) newest = step;
      }
      origin->set_step(options.step);
      origin->set_prelude_params_json(canonical_json(from.spec->stages[*stage].params));
      if (newest) origin->set_checkpoints(task_folder(from, *stage));
    }
  }
  // The stage's folder is ready before the run is there.
  return create(event, options.request_id, [&](const std::string& id) -> Result<void> {
    if (!newest) return {};
    const TaskFolder to{ports.artifacts.store_folder() / "runs" / id / options.stage};
    const fs::path checkpoint = std::to_string(*newest);
    CAIRN_TRY(copy_tree(TaskFolder{source}.checkpoints() / checkpoint,
                        to.checkpoints() / checkpoint, fs::copy_options::create_hard_links));
    CAIRN_TRY(copy_tree(TaskFolder{source}.work(), to.work(), fs::copy_options::none));
    return copy_tree(TaskFolder{source}.memo(), to.memo(), fs::copy_options::none);
  });
}

Result<void> Scheduler::Impl::remove(const std::string& run) {
  CAIRN_TRY(load_catalog());
  if (!ids.contains(run)) return not_found("there is no run " + run);
  const auto found = runs.find(run);
  if (found != runs.end() &&
      (found->second->state.status == RunStatus::kRunning || found->second->busy_hosts > 0)) {
    return conflict("run " + run + " is running", "cancel it first: cairn cancel " + run);
  }
  if (found == runs.end()) {
    CAIRN_ASSIGN(const RunState state, load_run(ports.store, run));
    const bool left =
        std::any_of(state.tasks.begin(), state.tasks.end(),
                    [](const TaskState& task) { return task.phase == TaskPhase::kRunning; });
    if (left && !state.quarantined) {
      return conflict("run " + run + " was interrupted and its hosts may still work",
                      "cancel it first: cairn cancel " + run);
    }
  }
  // Forgotten at once, also where the disk is full and the journal will be told later: nothing may
  // be journaled for it any more.
  const auto removed = std::make_shared<Result<void>>();
  CAIRN_TRY(act([&] {
    batch.forgotten.push_back(run);
    ids.erase(run);
    std::erase_if(by_request, [&](const auto& entry) { return entry.second == run; });
    std::shared_ptr<Run> last;  // what this batch still tells of it may name it
    if (found != runs.end()) {
      last = std::move(found->second);
      runs.erase(found);
    }
    afterwards([this, run, removed, last] {
      const PersistenceBoundary boundary(Boundary::kRunFolder);
      *removed = ports.files.remove_all(ports.artifacts.store_folder() / "runs" / run);
    });
  }));
  return *removed;
}

void Scheduler::Impl::forget_ended() {
  std::vector<std::pair<std::size_t, std::string>> ended;
  for (const auto& [id, run] : runs) {
    const bool over = run->state.status != RunStatus::kRunning && run->busy_hosts == 0;
    if (over) ended.emplace_back(run->order, id);
  }
  if (ended.size() <= kEndedRunsKept) return;
  std::sort(ended.begin(), ended.end());
  ended.resize(ended.size() - kEndedRunsKept);
  for (const auto& [order, id] : ended) {
    // Effects of this batch may still name it.
    boost::asio::post(strand, [weak = weak_from_this(), id = id] {
      const auto self = weak.lock();
      if (!self) return;
      const auto found = self->runs.find(id);
      if (found == self->runs.end() || found->second->busy_hosts > 0) return;
      if (found->second->state.status == RunStatus::kRunning || !self->effects.empty()) return;
      self->runs.erase(found);
    });
  }
}

}  // namespace cairn
