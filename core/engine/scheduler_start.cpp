#include <algorithm>

#include "core/base/text.h"
#include "core/engine/host_bound.h"
#include "core/engine/run_trace.h"
#include "core/engine/scheduler_impl.h"
#include "core/engine/secret_variables.h"

namespace cairn {
namespace {

// Stages whose tasks are counted one by one are given to hosts one by one.
bool is_counted(const WorkflowSpec& workflow, const StageSpec& stage) {
  return workflow.max_parallel > 0 || stage.max_parallel > 0 || !stage.resources.pools.empty() ||
         stage.timeout.has_value() || stage.fresh_host;
}

bool has_room(const std::map<std::string, int>& wanted, const std::map<std::string, int>& held,
              const std::map<std::string, int>& totals) {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pool) {
    const auto taken = held.find(pool.first);
    const auto total = totals.find(pool.first);
    return total != totals.end() &&
           (taken == held.end() ? 0 : taken->second) + pool.second <= total->second;
  });
}

}  // namespace

bool has_inputs(const RunState& state, std::uint32_t stage) {
  for (const auto& [port, references] : state.spec->stages[stage].inputs) {
    for (const OutputRef& reference : references) {
      const StageState& producer = state.stages[*state.find_stage(reference.stage)];
      if (!producer.expanded) return false;
      if (producer.in(TaskPhase::kSucceeded) < producer.count) return false;
    }
  }
  return true;
}

// One turn's hand-out. Runs take turns: the one of highest priority, then of fewest busy hosts,
// then the oldest.
void Scheduler::Impl::start_ready() {
  if (config.free_space > 0 && ports.free_space() < config.free_space) return;
  std::vector<Run*> hungry;
  for (auto& [id, run] : runs) {
    if (!run->ready.empty() && !run->state.stop && !run->state.paused) hungry.push_back(run.get());
  }
  while (!hungry.empty() && !failure) {
    const auto next = std::min_element(hungry.begin(), hungry.end(), [](Run* a, Run* b) {
      return std::tuple(-a->state.priority, a->busy_hosts, a->order) <
             std::tuple(-b->state.priority, b->busy_hosts, b->order);
    });
    if (!place(**next)) hungry.erase(next);
  }
}

// Hands out something of the run, in the order of its stages; false when nothing can be.
bool Scheduler::Impl::place(Run& run) {
  if (run.state.stop || run.state.paused) return false;
  for (auto it = run.ready.begin(); it != run.ready.end();) {
    if (it->second.empty()) {
      it = run.ready.erase(it);
      continue;
    }
    if (place(run, it->first, it->second)) return true;
    ++it;
  }
  return false;
}

bool Scheduler::Impl::place(Run& run, std::uint32_t stage, std::deque<std::uint32_t>& tasks) {
  const WorkflowSpec& workflow = *run.state.spec;
  const StageSpec& spec = workflow.stages[stage];
  const std::uint32_t running = run.state.stages[stage].in(TaskPhase::kRunning);
  if (workflow.max_parallel > 0 &&
      run.state.running >= static_cast<std::size_t>(workflow.max_parallel)) {
    return false;
  }
  if (spec.max_parallel > 0 && running >= static_cast<std::uint32_t>(spec.max_parallel)) {
    return false;
  }
  const ResourcePool::Units& units = spec.resources.pools;
  if (!has_room(units, run.pools_held, workflow.pools) || !pool.has_units(units)) return false;

  const TaskState& first = run.state.tasks[tasks.front()];
  const std::uint32_t threads =
      first.threads > 0 ? first.threads : static_cast<std::uint32_t>(spec.resources.cpus);
  const auto& secrets = secret_variables_of(run, stage);
  // The policy may have become stricter since the run was taken.
  const bool privileges = spec.privileges && config.privileges;
  const std::string kind = spec.plugin_digest + " " + std::to_string(threads) + " " +
                           std::to_string(spec.resources.memory_bytes) + " " +
                           std::to_string(spec.resources.gpus) + " " +
                           (privileges ? "privileges " : "") + join(secrets, ",");
  const auto limits = pool.fit(spec.resources, threads);
  HostEntry* host = find_host(run, spec, limits ? &*limits : nullptr, kind);
  if (host == nullptr) {
    if (!limits) return false;
    host = &add_host(*limits);
    if (!spec.fresh_host) host->second.kind = kind;
    host->second.secret_variables = secrets;
    host->second.privileges = privileges;
  }
  // Every host is to have work; what is left when all have some goes ahead of time.
  const bool one = is_counted(workflow, spec);
  const std::size_t share = std::max<std::size_t>(1, tasks.size() / (2 * pool.slots(threads)));
  const std::size_t room = one ? 1 : host->second.depth - host->second.orders.size();
  std::size_t count = std::min(share, room);
  while (count > 0 && !tasks.empty() && !failure && !run.state.stop) {
    const std::uint32_t task = tasks.front();
    const TaskState& next = run.state.tasks[task];
    if (next.phase != TaskPhase::kWaiting) {
      tasks.pop_front();
      run.misses.erase(task);
      run.listed[task] = false;
      continue;
    }
    // Its threads were fixed on another machine: another host.
    if (next.threads > 0 && next.threads != threads) break;
    tasks.pop_front();
    give_order(run, *host, task);
    --count;
  }
  return true;
}

// A host for the stage's next task: a warm one, else a busy one with room behind what it has. Null:
// none; a new one may start where limits are given.
Scheduler::Impl::HostEntry* Scheduler::Impl::find_host(Run& run, const StageSpec& stage,
                                                       const v1::ResourceLimits* limits,
                                                       const std::string& kind) {
  if (stage.fresh_host) return nullptr;
  HostEntry* shortest = nullptr;
  for (HostEntry& entry : hosts) {
    Host& host = entry.second;
    if (host.kind != kind || !host.kill_cause.empty() || host.kill_at) continue;
    if (host.orders.empty()) {
      if (host.idle_until && pool.is_free(host.limits)) return &entry;
    } else if (host.run == &run && host.exists && host.orders.size() <= host.depth / 2 &&
               host.orders.size() < host.depth &&
               (shortest == nullptr || host.orders.size() < shortest->second.orders.size())) {
      shortest = &entry;
    }
  }
  if (limits != nullptr || is_counted(*run.state.spec, stage)) return nullptr;
  return shortest;
}

const std::vector<std::string>& Scheduler::Impl::secret_variables_of(Run& run,
                                                                     std::uint32_t stage) {
  const auto [entry, fresh] = run.secret_variables.try_emplace(stage);
  if (!fresh) return entry->second;
  std::set<std::string> names = secret_variables(*run.state.spec, run.state.spec->stages[stage]);
  // Until it comes to where it parts, a fork runs with the parameters of its origin.
  if (run.state.origin.fork() && run.state.spec->stages[stage].name == run.state.origin.stage()) {
    const auto before = parse_json_object(run.state.origin.prelude_params_json());
    if (before.ok()) add_secret_variables(*before, names);
  }
  entry->second.assign(names.begin(), names.end());
  return entry->second;
}

Scheduler::Impl::HostEntry& Scheduler::Impl::add_host(const v1::ResourceLimits& limits) {
  const std::string name = host_prefix + make_run_id(ports.clock.now(), ports.random());
  HostEntry& entry = *hosts.try_emplace(name).first;
  entry.second.handle.host = name;
  entry.second.limits = limits;
  entry.second.last_heard = ports.clock.monotonic();
  afterwards([this, name] { start_host(name); });
  return entry;
}

// The resources are the host's while it has orders.
void Scheduler::Impl::hold(Run& run, Host& host) {
  pool.take(host.limits);
  host.run = &run;
  host.idle_until.reset();
  host.last_heard = ports.clock.monotonic();
  ++run.busy_hosts;
}

void Scheduler::Impl::hold_units(Host& host, const StageSpec& stage) {
  pool.take_units(stage.resources.pools);
  for (const auto& [name, units] : stage.resources.pools) {
    host.pools[name] += units;
    host.run->pools_held[name] += units;
  }
}

void Scheduler::Impl::give_units(Host& host, const ResourcePool::Units& units) {
  pool.give_units(units);
  for (const auto& [name, count] : units) {
    host.pools[name] -= count;
    host.run->pools_held[name] -= count;
  }
}

void Scheduler::Impl::let_go(Host& host) {
  pool.give(host.limits);
  give_units(host, ResourcePool::Units(host.pools));
  host.pools.clear();
  --host.run->busy_hosts;
  host.run = nullptr;
  host.recall_at.reset();
}

std::uint32_t Scheduler::Impl::number_of(Run& run, const HostEntry& entry) {
  const auto known = run.host_numbers.find(entry.first);
  if (known != run.host_numbers.end()) return known->second;
  const auto number = static_cast<std::uint32_t>(run.state.hosts.size()) + 1;
  run.host_numbers[entry.first] = number;
  emit(run, bound_event(number, entry.second));
  return number;
}

Event Scheduler::Impl::bound_event(std::uint32_t number, const Host& host) {
  Event event;
  *event.mutable_host_bound() = to_message(host.handle, host.limits);
  event.mutable_host_bound()->set_number(number);
  return event;
}

void Scheduler::Impl::give_order(Run& run, HostEntry& entry, std::uint32_t task) {
  Host& host = entry.second;
  if (host.orders.empty()) hold(run, host);
  hold_units(host, run.state.spec_of(run.state.tasks[task]));
  const std::uint32_t number = number_of(run, entry);
  Event event;
  v1::AttemptStarted* started = event.mutable_attempt_started();
  started->set_task(task);
  started->set_attempt(static_cast<std::uint32_t>(run.state.tasks[task].attempts.size() + 1));
  started->set_token(run.state.last_token + 1);
  started->set_host(number);
  if (const auto miss = run.misses.find(task); miss != run.misses.end()) {
    started->set_key(std::move(miss->second.key));
    started->set_note(std::move(miss->second.note));
    run.misses.erase(miss);
  }
  run.listed[task] = false;
  Order order;
  order.task = task;
  order.token = started->token();
  order.given_at = ports.clock.monotonic();
  host.orders.push_back(std::move(order));
  if (host.orders.size() > 1 && !host.recall_at) {
    host.recall_at = ports.clock.monotonic() + kRecallAfter;
  }
  emit(run, std::move(event));
  if (!failure) add_assignment(run, host, task);
}

// Into the outbox: the stage's part where the host does not have it, then the task's.
void Scheduler::Impl::add_assignment(Run& run, Host& host, std::uint32_t number) {
  const TaskState& task = run.state.tasks[number];
  if (host.works_of != run.order) {
    host.works.clear();
    host.works_of = run.order;
  }
  const std::uint64_t key = std::uint64_t{run.state.revision} << 32 | task.stage;
  std::uint32_t& work = host.works[key];
  if (work == 0) {
    work = ++host.last_work;
    v1::EngineCommand command;
    *command.mutable_stage() = stage_work(run, task.stage, host.limits);
    command.mutable_stage()->set_work(work);
    host.outbox.push_back(std::move(command));
  }
  v1::EngineCommand command;
  v1::Assignment* order = command.mutable_assignment();
  *order->mutable_attempt() = id_of(run, number);
  order->set_work(work);
  if (const json::object own = own_params(run.state, number); !own.empty()) {
    order->set_params_json(canonical_json(own));
  }
  order->set_seed(task_seed(run.state, number));
  order->set_task_folder(task_folder(run.state, number));
  order->set_newest_checkpoint(task.misfortune().newest_checkpoint);
  order->set_prelude_step(-1);
  if (is_fork_point(run.state, number)) {
    order->set_prelude_step(run.state.origin.step());
    order->set_prelude_params_json(run.state.origin.prelude_params_json());
  }
  order->set_traceparent(attempt_traceparent(run.state, number, order->attempt().attempt()));
  host.outbox.push_back(std::move(command));
}

v1::StageWork Scheduler::Impl::stage_work(const Run& run, std::uint32_t stage,
                                          const v1::ResourceLimits& limits) const {
  const StageSpec& spec = run.state.spec->stages[stage];
  v1::StageWork work;
  work.set_stage_type(spec.uses);
  work.set_plugin(spec.plugin);
  work.set_plugin_digest(spec.plugin_digest);
  work.set_params_json(canonical_json(spec.params));
  for (const auto& [port, references] : spec.inputs) {
    v1::InputPaths& paths = (*work.mutable_inputs())[port];
    for (const OutputRef& reference : references) {
      const std::uint32_t producer = *run.state.find_stage(reference.stage);
      for (std::uint32_t cell = 0; cell < run.state.stages[producer].count; ++cell) {
        for (const Artifact& output : run.state.tasks[run.state.task_of(producer, cell)].outputs) {
          if (output.name() != reference.output) continue;
          paths.add_paths(artifact_path(ports.artifacts.store_folder(), output.digest()).string());
        }
      }
    }
  }
  for (const DeclaredOutput& output : spec.outputs) {
    v1::OutputPort* port = work.add_outputs();
    port->set_name(output.name);
    port->set_kind(output.kind);
  }
  *work.mutable_resources() = limits;
  work.set_store_folder(ports.artifacts.store_folder().string());
  for (const WatchdogSpec& rule : spec.watchdogs) {
    v1::Watchdog* watchdog = work.add_watchdogs();
    watchdog->set_metric(rule.metric);
    watchdog->set_when(static_cast<v1::Watchdog::When>(rule.when));
    watchdog->set_limit(rule.limit);
    watchdog->set_points(static_cast<std::uint32_t>(rule.points));
  }
  return work;
}

// After the attempts that wait for it are durable.
void Scheduler::Impl::start_host(const std::string& name) {
  const auto found = hosts.find(name);
  if (found == hosts.end()) return;
  auto handle = ports.executor.start(
      HostRequest{.host = name,
                  .limits = found->second.limits,
                  .secret_variables = found->second.secret_variables,
                  .privileges = found->second.privileges,
                  .host_folder = host_folder(ports.artifacts.store_folder(), name).root});
  enter([this, name, handle = std::move(handle)] {
    const auto entry = hosts.find(name);
    if (entry == hosts.end()) return;
    Host& host = entry->second;
    if (!handle.ok()) {
      end_orders(*entry, cause::kCrash, "its host cannot start: " + handle.error().to_string());
      hosts.erase(entry);
      return;
    }
    host.handle = *handle;
    host.exists = true;
    host.last_heard = ports.clock.monotonic();
    if (host.run == nullptr) {
      release(host);  // everything it was to do was given up
      return;
    }
    Run& run = *host.run;
    emit(run, bound_event(run.host_numbers.at(name), host));
    if (run.state.stop) stop_attempts(run);
  });
}

}  // namespace cairn
