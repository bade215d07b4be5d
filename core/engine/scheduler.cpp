#include "core/engine/scheduler.h"

#include "core/engine/scheduler_impl.h"

namespace cairn {

Scheduler::Impl::Impl(boost::asio::io_context& context, SchedulerPorts given,
                      SchedulerConfig settings)
    : io(context),
      strand(context.get_executor()),
      timer(context),
      ports(std::move(given)),
      config(std::move(settings)),
      pool(config.totals),
      host_prefix(ports.store.identity() + "-"),
      listening(!config.recovers_first) {}

void Scheduler::Impl::connect() {
  ports.executor.on_exit([weak = weak_from_this()](const HostExit& exit) {
    const auto self = weak.lock();
    if (self) self->post([impl = self.get(), exit] { impl->on_exit(exit); });
  });
  ports.link.on_reports(
      [weak = weak_from_this()](const std::string& host, std::vector<v1::HostReport> reports) {
        if (const auto self = weak.lock()) self->arrive(host, std::move(reports));
      });
}

Scheduler::Scheduler(boost::asio::io_context& io, SchedulerPorts ports, SchedulerConfig config)
    : impl_(std::make_shared<Impl>(io, std::move(ports), std::move(config))) {
  impl_->connect();
}

Scheduler::~Scheduler() {
  impl_->timer.cancel();
}

Result<std::string> Scheduler::submit(WorkflowSpec workflow, const SubmitOptions& options) {
  if (options.name) workflow.name = *options.name;
  if (options.seed) workflow.seed = *options.seed;
  CAIRN_TRY(impl_->check_stages(workflow));
  CAIRN_TRY(impl_->trust_plugins(workflow));
  Event event;
  v1::RunCreated* created = event.mutable_run_created();
  created->set_workflow_json(canonical_json(to_json(workflow)));
  created->set_priority(options.priority);
  created->set_environment_json(options.environment_json);
  created->set_traceparent(options.traceparent);
  return impl_->create(std::move(event), options.request_id, {});
}

Result<std::string> Scheduler::derive(const DeriveOptions& options) {
  return impl_->derive(options);
}

Result<v1::RunResumed> Scheduler::resume(const std::string& run, const ResumeOptions& options) {
  std::optional<Result<v1::RunResumed>> result;
  CAIRN_TRY(impl_->act([&] { result = impl_->resume(run, options); }));
  return std::move(*result);
}

Result<v1::RunResumed> Scheduler::preview_resume(const std::string& run,
                                                 const ResumeOptions& options) {
  return impl_->preview(run, options);
}

Result<std::map<std::string, Error>> Scheduler::recover(const std::vector<std::string>& runs) {
  std::map<std::string, Error> left;
  const auto acted = impl_->act([&] {
    for (const std::string& run : runs) {
      if (auto recovered = impl_->recover(run); !recovered.ok())
        left.emplace(run, std::move(recovered).error());
    }
  });
  impl_->listen();
  if (!acted.ok()) return acted.error();
  return left;
}

Result<std::vector<std::string>> Scheduler::hold_for_others() {
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(impl_->ports.store));
  for (const RunRow& row : rows) {
    if (row.status != to_string(RunStatus::kRunning) || impl_->runs.contains(row.id)) continue;
    // What cannot be read has no task that anybody could go on with.
    const auto state = load_run(impl_->ports.store, row.id);
    if (state.ok()) impl_->hold_for_others(*state);
  }
  impl_->listen();
  return other_runs();
}

std::vector<std::string> Scheduler::other_runs() const {
  std::set<std::string> runs;
  for (const auto& [host, held] : impl_->others) runs.insert(held.run);
  return {runs.begin(), runs.end()};
}

Result<void> Scheduler::cancel(const std::string& run, const v1::RequestKey& key) {
  CAIRN_ASSIGN(Impl::Run* const target, impl_->running(run));
  if (target->state.stop == v1::StopRequested::CANCEL) return {};
  return impl_->act([this, target, &key] {
    Event event;
    note_request(event, key);
    event.mutable_stop_requested()->set_kind(v1::StopRequested::CANCEL);
    impl_->emit(*target, std::move(event));
  });
}

Result<void> Scheduler::pause(const std::string& run, bool paused, const v1::RequestKey& key) {
  CAIRN_ASSIGN(Impl::Run* const target, impl_->running(run));
  // A request with a key is known again though it changed nothing.
  if (target->state.paused == paused && key.id().empty()) return {};
  return impl_->act([this, target, paused, &key] {
    Event event;
    note_request(event, key);
    event.mutable_run_paused()->set_paused(paused);
    impl_->emit(*target, std::move(event));
  });
}

Result<void> Scheduler::approve(const std::string& run, const std::string& stage, bool approved,
                                const std::string& by, const v1::RequestKey& key) {
  CAIRN_ASSIGN(Impl::Run* const target, impl_->running(run));
  const auto number = target->state.find_stage(stage);
  if (!number) return not_found("run " + run + " has no stage '" + stage + "'");
  const StageState& asked = target->state.stages[*number];
  if (!asked.approval_asked || asked.approved || asked.in(TaskPhase::kWaiting) == 0) {
    return conflict("stage '" + stage + "' of run " + run + " does not wait for an approval");
  }
  return impl_->act([this, target, number, approved, by, &key] {
    Event event;
    note_request(event, key);
    v1::ApprovalGiven* given = event.mutable_approval_given();
    given->set_stage(*number);
    given->set_approved(approved);
    given->set_by(by);
    impl_->emit(*target, std::move(event));
  });
}

Result<void> Scheduler::remove(const std::string& run) {
  return impl_->remove(run);
}

void Scheduler::interrupt_all() {
  impl_->closing = true;
  impl_->enter([this] {
    impl_->release_idle();
    for (const auto& [id, run] : impl_->runs) {
      if (run->state.status != RunStatus::kRunning || run->state.stop) continue;
      Event event;
      event.mutable_stop_requested()->set_kind(v1::StopRequested::INTERRUPT);
      impl_->emit(*run, std::move(event));
    }
  });
}

Result<void> Scheduler::remove_dead_hosts() {
  return impl_->remove_dead_hosts();
}

void Scheduler::kill_all() {
  impl_->dead = true;
  for (auto& [name, host] : impl_->hosts) {
    if (host.exists) impl_->ports.executor.kill(host.handle);
  }
  impl_->watch_idle();
}

const RunState* Scheduler::find(const std::string& run) const {
  const auto found = impl_->runs.find(run);
  return found == impl_->runs.end() ? nullptr : &found->second->state;
}

LiveTasks Scheduler::live(const std::string& run) const {
  const auto found = impl_->runs.find(run);
  return found == impl_->runs.end() ? LiveTasks{} : found->second->live;
}

std::vector<std::string> Scheduler::runs() const {
  std::vector<std::string> ids;
  for (const auto& [id, run] : impl_->runs) ids.push_back(id);
  return ids;
}

int Scheduler::subscribe(std::function<void(const RunUpdate&)> callback) {
  impl_->subscribers[++impl_->last_subscriber] = std::move(callback);
  return impl_->last_subscriber;
}

void Scheduler::unsubscribe(int id) {
  impl_->subscribers.erase(id);
}

bool Scheduler::idle() const {
  return impl_->was_idle;
}

void Scheduler::on_idle(std::function<void()> callback) {
  impl_->idle_callbacks.push_back(std::move(callback));
}

const SchedulerTimings& Scheduler::timings() const {
  return impl_->timings;
}

const std::optional<Error>& Scheduler::failure() const {
  return impl_->failure;
}

const std::optional<Error>& Scheduler::stall() const {
  return impl_->stall;
}

void Scheduler::tick() {
  impl_->tick();
}

Scheduler::Strand& Scheduler::strand() {
  return impl_->strand;
}

}  // namespace cairn
