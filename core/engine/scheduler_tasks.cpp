#include <algorithm>

#include "core/base/log.h"
#include "core/engine/cache_key.h"
#include "core/engine/scheduler_impl.h"
#include "core/sdk/runtime/attempt_files.h"

namespace cairn {

ResourcePool::ResourcePool(ResourceTotals totals)
    : totals_(std::move(totals)), free_gpus_(totals_.gpus.begin(), totals_.gpus.end()) {}

Result<void> ResourcePool::check(const StageSpec& stage) const {
  const auto refuse = [&](const std::string& what, std::uint64_t wanted, std::uint64_t has) {
    Error error = invalid_argument(
        "stage '" + stage.name + "' needs " + std::to_string(wanted) + " " + what +
            ", this machine offers " + std::to_string(has),
        "lower resources." + what + " of the stage, or raise the total with --" + what);
    error.where = stage.where;
    return error;
  };
  const ResourceSpec& wanted = stage.resources;
  if (wanted.cpus > static_cast<int>(totals_.cpus)) {
    return refuse("cpus", static_cast<std::uint64_t>(wanted.cpus), totals_.cpus);
  }
  if (wanted.gpus > static_cast<int>(totals_.gpus.size())) {
    return refuse("gpus", static_cast<std::uint64_t>(wanted.gpus), totals_.gpus.size());
  }
  if (totals_.memory_bytes > 0 && wanted.memory_bytes > totals_.memory_bytes) {
    return refuse("memory", wanted.memory_bytes, totals_.memory_bytes);
  }
  return {};
}

std::optional<v1::ResourceLimits> ResourcePool::fit(const ResourceSpec& wanted,
                                                    std::uint32_t threads) const {
  const std::uint64_t cpus = std::min(threads, totals_.cpus);
  const std::uint64_t memory = std::min(wanted.memory_bytes, totals_.memory_bytes);
  const auto gpus = std::min(static_cast<std::size_t>(wanted.gpus), totals_.gpus.size());
  if (cpus_ + cpus > totals_.cpus || gpus > free_gpus_.size()) return std::nullopt;
  if (memory_ + memory > totals_.memory_bytes) return std::nullopt;
  v1::ResourceLimits limits;
  limits.set_cpus(threads);
  limits.set_memory_bytes(wanted.memory_bytes);
  auto gpu = free_gpus_.begin();
  for (std::size_t i = 0; i < gpus; ++i) limits.add_gpus(*gpu++);
  return limits;
}

void ResourcePool::take(const v1::ResourceLimits& limits) {
  cpus_ += std::min(limits.cpus(), totals_.cpus);
  memory_ += std::min<std::uint64_t>(limits.memory_bytes(), totals_.memory_bytes);
  for (const std::string& gpu : limits.gpus()) free_gpus_.erase(gpu);
}

void ResourcePool::give(const v1::ResourceLimits& limits) {
  cpus_ -= std::min(limits.cpus(), totals_.cpus);
  memory_ -= std::min<std::uint64_t>(limits.memory_bytes(), totals_.memory_bytes);
  for (const std::string& gpu : limits.gpus()) {
    if (std::count(totals_.gpus.begin(), totals_.gpus.end(), gpu) > 0) free_gpus_.insert(gpu);
  }
}

Event Scheduler::Impl::check_cache(Run& run, std::size_t task) {
  const StageSpec& stage = run.state.spec->stages[task];
  const CacheKey key = cache_key(run.state, task);
  Event event;
  v1::CacheChecked* checked = event.mutable_cache_checked();
  checked->set_task(stage.name);
  checked->set_key(key.key);
  checked->set_components_json(canonical_json(key.components));
  const auto miss = [&](const std::string& note) {
    checked->set_note(note);
    return event;
  };
  if (!stage.cache) return miss("the stage says cache: false");
  if (run.state.tasks[task].no_cache) return miss("asked to run anew");
  const auto found = ports.store.find_cache(key.key);
  if (!found.ok()) return miss(found.error().to_string());
  if (!*found) return event;
  const auto entry = decode_cache_entry(**found);
  if (!entry.ok()) return miss(entry.error().to_string());
  for (const Artifact& output : entry->outputs) {
    const auto verified = ports.artifacts.verify(output.digest());
    if (verified.ok()) continue;
    if (verified.error().code == ErrorCode::kCorrupt) {
      if (const auto moved = ports.artifacts.set_aside(output.digest()); !moved.ok()) {
        return miss(verified.error().to_string() + "; " + moved.error().to_string());
      }
    }
    return miss(verified.error().to_string());
  }
  checked->set_hit(true);
  checked->set_from_run(entry->run);
  checked->set_from_task(entry->task);
  for (const Artifact& output : entry->outputs) *checked->add_outputs() = output;
  checked->mutable_metrics()->insert(entry->metrics.begin(), entry->metrics.end());
  return event;
}

Event Scheduler::Impl::evaluate_when(const Run& run, std::size_t task) const {
  const StageSpec& stage = run.state.spec->stages[task];
  const auto find = [&](std::string_view name) -> const TaskState* {
    const auto index = run.state.find(name);
    return index ? &run.state.tasks[*index] : nullptr;
  };
  ConditionScope scope;
  scope.params = run.state.spec->params;
  scope.seed = run.state.spec->seed;
  scope.run_name = run.state.spec->name;
  scope.status = [&](std::string_view name) -> std::optional<std::string> {
    const TaskState* other = find(name);
    if (other == nullptr) return std::nullopt;
    return to_string(other->phase);
  };
  scope.metric = [&](std::string_view name, std::string_view metric) -> std::optional<double> {
    const TaskState* other = find(name);
    if (other == nullptr) return std::nullopt;
    const auto value = other->metrics.find(std::string(metric));
    if (value == other->metrics.end()) return std::nullopt;
    return value->second;
  };
  Event event;
  v1::WhenEvaluated* when = event.mutable_when_evaluated();
  when->set_task(stage.name);
  const auto value = ports.when(*stage.when, scope);
  if (value.ok()) {
    when->set_value(*value);
  } else {
    when->set_error("its `when` cannot be evaluated: " + value.error().to_string());
  }
  return event;
}

void Scheduler::Impl::start_queued() {
  const WallTime now = ports.clock.now();
  for (auto it = queued.begin(); it != queued.end() && !pool.exhausted();) {
    const auto [order, index, run] = *it;
    const TaskState& task = run->state.tasks[index];
    if (task.phase != TaskPhase::kQueued || run->state.stop) {
      it = queued.erase(it);
      continue;
    }
    const WorkflowSpec& spec = *run->state.spec;
    const StageSpec& stage = spec.stages[index];
    const bool full =
        spec.max_parallel > 0 && run->state.running >= static_cast<std::size_t>(spec.max_parallel);
    const std::uint32_t threads =
        task.threads > 0 ? task.threads : static_cast<std::uint32_t>(stage.resources.cpus);
    const auto limits =
        full || task.not_before > now ? std::nullopt : pool.fit(stage.resources, threads);
    if (!limits) {
      ++it;
      continue;
    }
    it = queued.erase(it);
    start_attempt(*run, index, *limits);
  }
}

void Scheduler::Impl::start_attempt(Run& run, std::size_t task, const v1::ResourceLimits& limits) {
  const StageSpec& stage = run.state.spec->stages[task];
  const auto number = static_cast<std::uint32_t>(run.state.tasks[task].attempts.size() + 1);
  const std::string wanted = stage.plugin_digest + " " + limits.SerializeAsString();
  std::string name;
  for (const auto& [id, host] : hosts) {
    if (host.idle_until && host.pool == wanted && !stage.fresh_host) name = id;
  }
  if (name.empty()) name = make_run_id(ports.clock.now(), ports.random());
  Host& host = hosts[name];
  host.handle.host = name;
  host.run = &run;
  host.task = task;
  host.attempt = number;
  host.pool = stage.fresh_host ? "" : wanted;
  host.idle_until.reset();
  host.last_heard = ports.clock.monotonic();

  Event event;
  v1::AttemptStarted* started = event.mutable_attempt_started();
  started->set_task(stage.name);
  started->set_attempt(number);
  started->set_token(run.state.last_token + 1);
  started->set_host(name);
  started->set_folder(task_folder(run.state, task));
  *started->mutable_limits() = limits;
  emit(run, std::move(event));
  if (host.exists) {
    bind_host(name, host.handle);
    return;
  }
  afterwards([this, name, limits, folder = folder_of(run.state.tasks[task].attempts.back())] {
    auto handle =
        ports.executor.start(HostRequest{.host = name, .limits = limits, .attempt_folder = folder});
    enter([this, name, handle = std::move(handle)] {
      const auto found = hosts.find(name);
      if (found == hosts.end()) return;
      if (handle.ok()) {
        bind_host(name, *handle);
        return;
      }
      Run& owner = *found->second.run;
      const std::size_t index = found->second.task;
      hosts.erase(found);
      fail_attempt(owner, index, cause::kCrash,
                   "its host cannot start: " + handle.error().to_string());
    });
  });
}

void Scheduler::Impl::bind_host(const std::string& name, const HostHandle& handle) {
  Host& host = hosts.at(name);
  host.handle = handle;
  host.exists = true;
  host.last_heard = ports.clock.monotonic();
  Run& run = *host.run;
  Event event;
  v1::HostBound* bound = event.mutable_host_bound();
  bound->set_task(run.state.spec->stages[host.task].name);
  bound->set_attempt(host.attempt);
  bound->set_host(handle.host);
  bound->set_executor(handle.executor);
  bound->set_pid(handle.pid);
  bound->set_pid_start_ticks(handle.pid_start_ticks);
  bound->set_job(handle.job);
  emit(run, std::move(event));
  v1::EngineCommand command;
  *command.mutable_assignment() = assignment(run, host.task);
  afterwards([this, name, command] {
    const auto found = hosts.find(name);
    if (found == hosts.end() || found->second.run == nullptr) return;
    if (found->second.run->state.stop) {
      kill(found->second, cause::kCancelled, "stopped before it began");
    } else {
      ports.link.send(name, command);
    }
  });
}

v1::Assignment Scheduler::Impl::assignment(const Run& run, std::size_t task) const {
  const StageSpec& stage = run.state.spec->stages[task];
  const AttemptState& attempt = run.state.tasks[task].attempts.back();
  v1::Assignment message;
  *message.mutable_attempt() = id_of(run, task);
  message.set_stage_type(stage.uses);
  message.set_plugin(stage.plugin);
  message.set_plugin_digest(stage.plugin_digest);
  message.set_params_json(canonical_json(stage.params));
  for (const auto& [port, references] : stage.inputs) {
    v1::InputPaths& paths = (*message.mutable_inputs())[port];
    for (const OutputRef& reference : references) {
      const TaskState& producer = run.state.tasks[*run.state.find(reference.stage)];
      for (const Artifact& output : producer.outputs) {
        if (output.name() != reference.output) continue;
        paths.add_paths(ports.artifacts.path(output.digest()).string());
      }
    }
  }
  for (const DeclaredOutput& output : stage.outputs) {
    v1::OutputPort* port = message.add_outputs();
    port->set_name(output.name);
    port->set_kind(output.kind);
  }
  message.set_seed(task_seed(run.state.spec->seed, stage.name));
  *message.mutable_resources() = attempt.limits;
  message.set_task_folder((ports.artifacts.store_folder() / attempt.folder).string());
  message.set_store_folder(ports.artifacts.store_folder().string());
  message.set_timeout_ms(stage.timeout ? stage.timeout->count() : 0);
  return message;
}

// Bookkeeping of the world that follows the state: resources, the cache index, the list of runs.
void Scheduler::Impl::after_event(Run& run, const Event& event) {
  if (event.has_run_created() || event.has_run_resumed()) {
    batch.summaries.push_back({run.state.id, encode_row(run.state)});
  } else if (event.has_attempt_started()) {
    pool.take(event.attempt_started().limits());
  } else if (event.has_attempt_finished()) {
    const std::string& name = event.attempt_finished().task();
    const std::size_t index = *run.state.find(name);
    const TaskState& task = run.state.tasks[index];
    const AttemptState& attempt = task.attempts.back();
    pool.give(attempt.limits);
    run.live.erase(name);
    const bool success = task.phase == TaskPhase::kSucceeded;
    if (success && run.state.spec->stages[index].cache) {
      batch.cache.push_back({task.key, encode_cache_entry({.run = run.state.id,
                                                           .task = name,
                                                           .outputs = task.outputs,
                                                           .metrics = task.metrics})});
    }
    afterwards([this, host = attempt.host.host, success] { free_host(host, success); });
  } else if (event.has_run_finished()) {
    afterwards([this] { release_idle(); });
  }
}

}  // namespace cairn
