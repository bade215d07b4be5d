#include <algorithm>

#include "core/engine/scheduler_impl.h"

namespace cairn {

Result<RunState> Scheduler::Impl::load(const std::string& run) const {
  CAIRN_ASSIGN(RunState state, load_run(ports.store, run));
  if (state.quarantined) {
    return conflict(*state.quarantined,
                    "the run cannot go on; start it anew: finished stages come from the cache");
  }
  return state;
}

Scheduler::Impl::Run& Scheduler::Impl::adopt_state(RunState state) {
  auto& slot = runs[state.id];
  slot = std::make_unique<Run>();
  slot->order = ++last_order;
  slot->state = std::move(state);
  for (std::size_t i = 0; i < slot->state.hosts.size(); ++i) {
    slot->host_numbers[slot->state.hosts[i].handle.host] = static_cast<std::uint32_t>(i) + 1;
  }
  return *slot;
}

void Scheduler::Impl::settle(Run& run) {
  std::map<std::string, std::vector<std::uint32_t>> by_host;
  for (std::uint32_t i = 0; i < run.state.tasks.size(); ++i) {
    const AttemptState* attempt = live_attempt(run.state.tasks[i]);
    if (attempt != nullptr) by_host[host_of(run.state, *attempt).handle.host].push_back(i);
  }
  for (auto& [name, tasks] : by_host) {
    std::sort(tasks.begin(), tasks.end(), [&](std::uint32_t a, std::uint32_t b) {
      return run.state.tasks[a].attempts.back().token < run.state.tasks[b].attempts.back().token;
    });
    settle_host(run, name, std::move(tasks));
  }
}

// Another run's hosts may outlive its engine while this one serves other runs.
void Scheduler::Impl::hold_for_others(const RunState& state) {
  std::map<std::string, std::pair<HostHandle, Held>> live;
  for (const TaskState& task : state.tasks) {
    const AttemptState* attempt = live_attempt(task);
    if (attempt == nullptr) continue;
    const HostState& host = host_of(state, *attempt);
    auto& [handle, held] = live[host.handle.host];
    handle = host.handle;
    held.run = state.id;
    held.limits = host.limits;
    for (const auto& [name, units] : state.spec_of(task).resources.pools) held.units[name] += units;
  }
  for (auto& [name, host] : live) {
    auto& [handle, held] = host;
    if (others.contains(name) || handle.executor.empty() || !ports.executor.adopt(handle)) continue;
    pool.take(held.limits);
    pool.take_units(held.units);
    others.emplace(name, std::move(held));
  }
}

Scheduler::Impl::Held Scheduler::Impl::give_for_others(const std::string& name) {
  const auto other = others.find(name);
  if (other == others.end()) return {};
  Held held = std::move(other->second);
  others.erase(other);
  pool.give(held.limits);
  pool.give_units(held.units);
  return held;
}

// Orders in the order they were given.
void Scheduler::Impl::settle_host(Run& run, const std::string& name,
                                  std::vector<std::uint32_t> tasks) {
  const HostState before = host_of(run.state, run.state.tasks[tasks[0]].attempts.back());
  const Held held = give_for_others(name);
  HostEntry& entry = *hosts.try_emplace(name).first;
  Host& host = entry.second;
  host.handle = before.handle;
  host.limits = before.limits;
  host.last_heard = ports.clock.monotonic();
  hold(run, host);
  for (const std::uint32_t task : tasks) {
    const TaskState& state = run.state.tasks[task];
    Order order;
    order.task = task;
    order.token = state.attempts.back().token;
    order.given_at = ports.clock.monotonic();
    order.said_begun = state.attempts.back().started_at.has_value();
    const StageSpec& spec = run.state.spec_of(state);
    if (order.said_begun && spec.timeout) {
      const Duration ran = std::clamp(ports.clock.now() - *state.attempts.back().started_at,
                                      Duration(0), *spec.timeout);
      order.deadline = ports.clock.monotonic() + *spec.timeout - ran;
    }
    hold_units(host, spec);
    host.orders.push_back(std::move(order));
  }
  drain_spool(entry);
  // One that was let go is as good as gone.
  if (held.released) ports.executor.kill(before.handle);
  const bool bound = !before.handle.executor.empty();
  host.exists = bound && !held.released && ports.executor.adopt(before.handle);
  if (!host.exists) {
    // What it wrote between the first look and its end.
    drain_spool(entry);
    note_begun(host);
    const bool begun = !host.orders.empty() &&
                       run.state.tasks[host.orders.front().task].attempts.back().started_at;
    if (begun) {
      end_orders(entry, cause::kNodeFailed, "its host ended while no engine was there");
    } else {
      for (const Order& order : std::exchange(host.orders, {})) return_attempt(run, order.task);
      let_go(host);
    }
    hosts.erase(name);
    afterwards([this, name] { ports.spools.remove(name); });
    return;
  }
  note_begun(host);
  // The engine may have died between journal and assignment: when the host attaches it says what
  // it has, and gets the rest.
  host.greeted = true;
  if (host.run == nullptr) {
    release(host);  // its spool could not be read
  } else if (host.orders.empty()) {
    rest(entry, false);
  } else if (held.hello) {
    resend_missing(entry, *held.hello);
  }
  flush_wanted = true;
}

std::map<std::string, std::string> Scheduler::Impl::lost_artifacts(const RunState& state,
                                                                   bool set_aside) const {
  std::map<std::string, std::string> lost;
  std::map<std::string, std::string> known;  // digest -> what is wrong with it
  for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
    if (state.tasks[i].phase != TaskPhase::kSucceeded) continue;
    for (const Artifact& output : state.tasks[i].outputs) {
      auto [entry, fresh] = known.try_emplace(output.digest());
      if (fresh) {
        const auto verified = ports.artifacts.check(output.digest());
        if (verified.ok()) continue;
        entry->second = verified.error().message;
        if (set_aside && verified.error().code == ErrorCode::kCorrupt) {
          const auto moved = ports.artifacts.set_aside(output.digest());
          if (!moved.ok()) entry->second += "; " + moved.error().to_string();
        }
      }
      if (entry->second.empty()) continue;
      lost[task_name(state, i)] = "output " + output.name() + ": " + entry->second;
    }
  }
  return lost;
}

Result<void> Scheduler::Impl::trust_plugins(const WorkflowSpec& spec) const {
  std::set<std::string> seen;
  for (const StageSpec& stage : spec.stages) {
    if (!seen.insert(stage.plugin).second) continue;
    if (auto trusted = ports.trust_plugin(stage.plugin); !trusted.ok()) {
      return with_context(std::move(trusted).error(), "stage '" + stage.name + "'");
    }
  }
  return {};
}

Result<void> Scheduler::Impl::check_stages(const WorkflowSpec& spec) const {
  for (const StageSpec& stage : spec.stages) {
    CAIRN_TRY(pool.check(stage));
    if (!stage.privileges || config.privileges) continue;
    Error error = invalid_argument(
        "stage '" + stage.name + "' asks for privileges: inherit, which the policy here forbids",
        "the operator allows it with policy.privileges: inherit in STATE_DIR/config.yaml");
    error.where = stage.where;
    return error;
  }
  return {};
}

// A run goes on with the code it was planned with, and so does one made from it, unless told
// otherwise.
Result<void> Scheduler::Impl::check_plugins(const WorkflowSpec& spec) const {
  CAIRN_TRY(trust_plugins(spec));
  std::map<std::string, std::string> seen;
  for (const StageSpec& stage : spec.stages) {
    if (!seen.try_emplace(stage.plugin, stage.plugin_digest).second) continue;
    const auto digest = ports.plugin_digest(stage.plugin);
    if (digest.ok() && *digest == stage.plugin_digest) continue;
    const std::string how = digest.ok() ? "has changed since the run was planned"
                                        : "is gone: " + digest.error().message;
    return conflict("plugin " + stage.plugin + " of stage '" + stage.name + "' " + how,
                    "put the old one back, or take what is there now: --accept-changed-plugins");
  }
  return {};
}

Result<v1::RunResumed> Scheduler::Impl::preview(const std::string& id,
                                                const ResumeOptions& options) const {
  const WorkflowSpec* next = options.workflow ? &*options.workflow : nullptr;
  if (const auto served = runs.find(id); served != runs.end()) {
    const RunState& state = served->second->state;
    return plan_resume(state, lost_artifacts(state, false), next, options.from);
  }
  CAIRN_ASSIGN(RunState state, load(id));
  for (TaskState& task : state.tasks) {
    if (task.phase != TaskPhase::kRunning) continue;
    task.phase = TaskPhase::kInterrupted;
    StageState& stage = state.stages[task.stage];
    --stage.in_phase[static_cast<std::size_t>(TaskPhase::kRunning)];
    ++stage.in_phase[static_cast<std::size_t>(TaskPhase::kInterrupted)];
  }
  state.running = 0;
  return plan_resume(state, lost_artifacts(state, false), next, options.from);
}

// The workflow with the libraries as they are now.
Result<WorkflowSpec> Scheduler::Impl::with_plugins_of_today(WorkflowSpec spec) const {
  for (StageSpec& stage : spec.stages) {
    CAIRN_ASSIGN(stage.plugin_digest, ports.plugin_digest(stage.plugin));
  }
  return spec;
}

Result<v1::RunResumed> Scheduler::Impl::resume(const std::string& id, ResumeOptions options) {
  const auto served = runs.find(id);
  if (served != runs.end() && served->second->state.status == RunStatus::kRunning) {
    return conflict("run " + id + " is running", "watch it: cairn watch " + id);
  }
  if (options.accept_changed_plugins) {
    if (!options.workflow) {
      CAIRN_ASSIGN(const RunState state, load(id));
      options.workflow = *state.spec;
    }
    CAIRN_ASSIGN(options.workflow, with_plugins_of_today(std::move(*options.workflow)));
  }
  const WorkflowSpec* next = options.workflow ? &*options.workflow : nullptr;
  // What is wrong with the request is found before anything is changed.
  CAIRN_TRY(preview(id, options));
  Run* run = served != runs.end() ? served->second.get() : nullptr;
  std::optional<RunState> loaded;
  if (run == nullptr) {
    CAIRN_ASSIGN(loaded, load(id));
  }
  const WorkflowSpec& spec =
      next != nullptr ? *next : (run != nullptr ? *run->state.spec : *loaded->spec);
  CAIRN_TRY(check_stages(spec));
  CAIRN_TRY(check_plugins(spec));
  if (run == nullptr) {
    run = &adopt_state(std::move(*loaded));
    settle(*run);
  }
  auto planned = plan_resume(run->state, lost_artifacts(run->state, true), next, options.from);
  if (!planned.ok()) {
    if (run->state.status != RunStatus::kRunning) return planned.error();
    // Tasks that live on stand in the way. What was taken up goes on as it was; where nothing else
    // was asked for, that is what resume means.
    follow(*run, outstanding(run->state));
    if (next != nullptr || options.from) return planned.error();
    v1::RunResumed as_it_was;
    as_it_was.set_revision(run->state.revision);
    return as_it_was;
  }
  const v1::RunResumed& plan = *planned;
  // An interrupted run may have nothing to reopen and still stages that never began.
  if (run->state.unfinished == 0 && plan.reopened().empty() && plan.collapsed().empty()) {
    follow(*run, outstanding(run->state));  // its end, if that was not journaled yet
    return plan;
  }
  Event event;
  *event.mutable_run_resumed() = plan;
  note_request(event, options.key);
  emit(*run, std::move(event));
  return plan;
}

Result<void> Scheduler::Impl::recover(const std::string& id) {
  if (runs.contains(id)) return conflict("run " + id + " is served already");
  CAIRN_ASSIGN(RunState state, load(id));
  if (state.status != RunStatus::kRunning) return {};
  Run& run = adopt_state(std::move(state));
  settle(run);
  follow(run, outstanding(run.state));
  return {};
}

}  // namespace cairn
