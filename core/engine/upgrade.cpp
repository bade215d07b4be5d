#include "core/engine/upgrade.h"

#include "core/engine/cache_key.h"
#include "schemas/journal_v1.pb.h"

namespace cairn {
namespace {

namespace old = journal1;

// Both are made of the same fields with the same numbers.
template <typename To, typename From>
void copy_message(const From& from, To* to) {
  to->ParseFromString(from.SerializeAsString());
}

class Upgrade {
 public:
  Upgrade(const old::Event& event, const RunState& state) : event_(event), state_(state) {}

  Result<std::vector<Event>> run() {
    switch (event_.what_case()) {
      case old::Event::kRunCreated:
        copy_message(event_.run_created(), add().mutable_run_created());
        break;
      case old::Event::kStopRequested:
        copy_message(event_.stop_requested(), add().mutable_stop_requested());
        break;
      case old::Event::kRunFinished:
        copy_message(event_.run_finished(), add().mutable_run_finished());
        break;
      case old::Event::kRunResumed:
        CAIRN_TRY(resumed(event_.run_resumed()));
        break;
      case old::Event::kWhenEvaluated:
        CAIRN_TRY(when(event_.when_evaluated()));
        break;
      case old::Event::kCacheChecked:
        CAIRN_TRY(checked(event_.cache_checked()));
        break;
      case old::Event::kTaskSkipped:
        CAIRN_TRY(skipped(event_.task_skipped()));
        break;
      case old::Event::kAttemptStarted:
        CAIRN_TRY(started(event_.attempt_started()));
        break;
      case old::Event::kHostBound:
        CAIRN_TRY(bound(event_.host_bound()));
        break;
      case old::Event::kAttemptRunning:
        CAIRN_TRY(running(event_.attempt_running()));
        break;
      case old::Event::kCheckpointNoted:
        CAIRN_TRY(noted(event_.checkpoint_noted()));
        break;
      case old::Event::kAttemptFinished:
        CAIRN_TRY(finished(event_.attempt_finished()));
        break;
      case old::Event::WHAT_NOT_SET:
        return corrupt("the record is no event of format 1");
    }
    return std::move(events_);
  }

 private:
  Event& add() {
    Event& event = events_.emplace_back();
    event.set_format(kEventFormat);
    event.set_time_ms(event_.time_ms());
    return event;
  }

  Result<std::uint32_t> number(const std::string& stage) const {
    const auto found = state_.find_stage(stage);
    if (!found) return corrupt("the record names stage '" + stage + "', which is not there");
    return *found;
  }

  Result<void> resumed(const old::RunResumed& before) {
    v1::RunResumed* now = add().mutable_run_resumed();
    now->set_revision(before.revision());
    now->set_workflow_json(before.workflow_json());
    for (const old::ReopenedTask& task : before.reopened()) {
      CAIRN_ASSIGN(const std::uint32_t stage, number(task.task()));
      v1::ReopenedTasks* entry = now->add_reopened();
      entry->set_because(task.because());
      entry->set_anew(task.anew());
      entry->set_no_cache(task.no_cache());
      entry->add_tasks(stage);
    }
    return {};
  }

  Result<void> when(const old::WhenEvaluated& before) {
    CAIRN_ASSIGN(const std::uint32_t stage, number(before.task()));
    v1::WhenEvaluated* now = add().mutable_when_evaluated();
    now->set_stage(stage);
    now->set_value(before.value());
    now->set_error(before.error());
    return {};
  }

  // A miss was an event then.
  Result<void> checked(const old::CacheChecked& before) {
    if (!before.hit()) return {};
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    v1::TaskReused* now = add().mutable_task_reused();
    now->set_task(task);
    if (is_digest(before.key())) now->set_key(digest_bytes(before.key()));
    now->set_from_run(before.from_run());
    now->set_from_name(before.from_task());
    for (const old::Artifact& output : before.outputs()) copy_message(output, now->add_outputs());
    now->mutable_metrics()->insert(before.metrics().begin(), before.metrics().end());
    return {};
  }

  Result<void> skipped(const old::TaskSkipped& before) {
    CAIRN_ASSIGN(const std::uint32_t stage, number(before.task()));
    v1::StageSkipped* now = add().mutable_stage_skipped();
    now->set_stage(stage);
    now->set_cause(before.cause());
    now->set_message(before.message());
    return {};
  }

  // Hosts were parts of attempts.
  Result<void> started(const old::AttemptStarted& before) {
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    v1::HostBound* host = add().mutable_host_bound();
    host->set_number(static_cast<std::uint32_t>(state_.hosts.size()) + 1);
    host->set_host(before.host());
    copy_message(before.limits(), host->mutable_limits());
    const std::uint32_t host_number = host->number();
    v1::AttemptStarted* now = add().mutable_attempt_started();
    now->set_task(task);
    now->set_attempt(before.attempt());
    now->set_token(before.token());
    now->set_host(host_number);
    return {};
  }

  Result<void> bound(const old::HostBound& before) {
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    const AttemptState* attempt = live_attempt(state_.tasks[task]);
    if (attempt == nullptr) return corrupt("the record binds a host to no attempt");
    v1::HostBound* now = add().mutable_host_bound();
    now->set_number(attempt->host);
    now->set_host(before.host());
    now->set_executor(before.executor());
    now->set_pid(before.pid());
    now->set_pid_start_ticks(before.pid_start_ticks());
    now->set_job(before.job());
    *now->mutable_limits() = host_of(state_, *attempt).limits;
    return {};
  }

  Result<void> running(const old::AttemptRunning& before) {
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    v1::AttemptRunning* now = add().mutable_attempt_running();
    now->set_task(task);
    now->set_attempt(before.attempt());
    now->set_started_ms(event_.time_ms());
    now->set_fingerprint_json(before.fingerprint_json());
    return {};
  }

  Result<void> noted(const old::CheckpointNoted& before) {
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    v1::CheckpointNoted* now = add().mutable_checkpoint_noted();
    now->set_task(task);
    now->set_attempt(before.attempt());
    now->set_step(before.step());
    now->set_digest(before.digest());
    return {};
  }

  Result<void> finished(const old::AttemptFinished& before) {
    CAIRN_ASSIGN(const std::uint32_t task, number(before.task()));
    v1::AttemptFinished* now = add().mutable_attempt_finished();
    now->set_task(task);
    now->set_attempt(before.attempt());
    now->set_reported(before.spool_sequence() > 0);
    now->set_cause(before.cause());
    now->set_message(before.message());
    for (const old::Artifact& output : before.outputs()) copy_message(output, now->add_outputs());
    now->mutable_last_metrics()->insert(before.last_metrics().begin(), before.last_metrics().end());
    copy_message(before.progress(), now->mutable_progress());
    return {};
  }

  const old::Event& event_;
  const RunState& state_;
  std::vector<Event> events_;
};

}  // namespace

Result<std::vector<Event>> upgrade_event(std::string_view bytes, const RunState& state) {
  old::Event event;
  if (!event.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return corrupt("the record is no event of format 1");
  }
  return Upgrade(event, state).run();
}

}  // namespace cairn
