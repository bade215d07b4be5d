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
      pool(config.totals) {}

void Scheduler::Impl::connect() {
  ports.executor.on_exit([weak = weak_from_this()](const HostExit& exit) {
    const auto self = weak.lock();
    if (self) self->post([impl = self.get(), exit] { impl->on_exit(exit); });
  });
  ports.link.on_report([weak = weak_from_this()](const std::string& host, v1::HostReport report) {
    const auto self = weak.lock();
    if (!self) return;
    self->post(
        [impl = self.get(), host, report = std::move(report)] { impl->on_report(host, report); });
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
  Impl& impl = *impl_;
  if (options.name) workflow.name = *options.name;
  if (options.seed) workflow.seed = *options.seed;
  for (const StageSpec& stage : workflow.stages) CAIRN_TRY(impl.pool.check(stage));
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(impl.ports.store));
  const auto taken = [&](const std::string& id) {
    return std::any_of(rows.begin(), rows.end(), [&](const RunRow& row) { return row.id == id; });
  };
  if (!options.request_id.empty()) {
    for (const RunRow& row : rows) {
      if (row.request_id == options.request_id) return row.id;
    }
  }
  std::string id;
  do {
    id = make_run_id(impl.ports.clock.now(), impl.ports.random());
  } while (taken(id));

  Event event;
  v1::RunCreated* created = event.mutable_run_created();
  created->set_run(id);
  created->set_workflow_json(canonical_json(to_json(workflow)));
  created->set_request_id(options.request_id);
  impl.enter([&impl, id, event = std::move(event)] {
    RunState state;
    state.id = id;
    impl.emit(impl.adopt_state(std::move(state)), event);
  });
  if (impl.failure) return *impl.failure;
  return id;
}

Result<v1::RunResumed> Scheduler::resume(const std::string& run, const ResumeOptions& options) {
  std::optional<Result<v1::RunResumed>> result;
  impl_->enter([&] { result = impl_->resume(run, options); });
  if (impl_->failure) return *impl_->failure;
  return std::move(*result);
}

Result<v1::RunResumed> Scheduler::preview_resume(const std::string& run,
                                                 const ResumeOptions& options) {
  return impl_->preview(run, options);
}

Result<void> Scheduler::recover(const std::string& run) {
  Result<void> result;
  impl_->enter([&] { result = impl_->recover(run); });
  if (impl_->failure) return *impl_->failure;
  return result;
}

Result<void> Scheduler::cancel(const std::string& run) {
  const auto found = impl_->runs.find(run);
  if (found == impl_->runs.end()) return not_found("this engine does not run " + run);
  Impl::Run& target = *found->second;
  if (target.state.status != RunStatus::kRunning) {
    return conflict("run " + run + " has ended: " + to_string(target.state.status));
  }
  if (target.state.stop == v1::StopRequested::CANCEL) return {};
  impl_->enter([this, &target] {
    Event event;
    event.mutable_stop_requested()->set_kind(v1::StopRequested::CANCEL);
    impl_->emit(target, std::move(event));
  });
  if (impl_->failure) return *impl_->failure;
  return {};
}

void Scheduler::interrupt_all() {
  impl_->enter([this] {
    for (const auto& [id, run] : impl_->runs) {
      if (run->state.status != RunStatus::kRunning || run->state.stop) continue;
      Event event;
      event.mutable_stop_requested()->set_kind(v1::StopRequested::INTERRUPT);
      impl_->emit(*run, std::move(event));
    }
  });
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

const std::optional<Error>& Scheduler::failure() const {
  return impl_->failure;
}

void Scheduler::tick() {
  impl_->enter([this] { impl_->check_deadlines(); });
}

Scheduler::Strand& Scheduler::strand() {
  return impl_->strand;
}

}  // namespace cairn
