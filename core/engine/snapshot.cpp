#include "core/engine/snapshot.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include "core/engine/host_bound.h"
#include "core/engine/layout.h"
#include "core/engine/load.h"
#include "schemas/snapshot.pb.h"

namespace cairn {
namespace {

// Raised with every change of the messages: an older snapshot is made anew from the journal.
constexpr std::uint32_t kSnapshotFormat = 1;

std::int64_t ms(WallTime time) {
  return time.time_since_epoch().count();
}

WallTime wall_time(std::int64_t time_ms) {
  return WallTime(Duration(time_ms));
}

// Both messages with a beginning and an end.
template <class Message, class State>
void put_times(const State& state, Message& message) {
  if (state.started_at) message.set_started_ms(ms(*state.started_at));
  if (state.finished_at) message.set_finished_ms(ms(*state.finished_at));
}
template <class Message, class State>
void take_times(const Message& message, State& state) {
  if (message.has_started_ms()) state.started_at = wall_time(message.started_ms());
  if (message.has_finished_ms()) state.finished_at = wall_time(message.finished_ms());
}

void put(const TaskTrouble& trouble, v1::TroubleSnapshot& message) {
  message.set_cause(trouble.cause);
  message.set_message(trouble.message);
  message.set_reopened_because(trouble.reopened_because);
  message.set_cache_note(trouble.cache_note);
  message.set_not_before_ms(ms(trouble.not_before));
  message.set_failures(trouble.failures);
  message.mutable_by_cause()->insert(trouble.by_cause.begin(), trouble.by_cause.end());
  message.set_lost_hosts(trouble.lost_hosts);
  message.mutable_alarms()->insert(trouble.alarms.begin(), trouble.alarms.end());
  if (!trouble.amended.empty()) message.set_amended_json(canonical_json(trouble.amended));
  message.set_newest_checkpoint(trouble.newest_checkpoint);
}

Result<TaskTrouble> take(const v1::TroubleSnapshot& message) {
  TaskTrouble trouble;
  trouble.cause = message.cause();
  trouble.message = message.message();
  trouble.reopened_because = message.reopened_because();
  trouble.cache_note = message.cache_note();
  trouble.not_before = wall_time(message.not_before_ms());
  trouble.failures = message.failures();
  trouble.by_cause.insert(message.by_cause().begin(), message.by_cause().end());
  trouble.lost_hosts = message.lost_hosts();
  trouble.alarms.insert(message.alarms().begin(), message.alarms().end());
  if (!message.amended_json().empty()) {
    CAIRN_ASSIGN(trouble.amended, parse_json_object(message.amended_json()));
  }
  trouble.newest_checkpoint = message.newest_checkpoint();
  return trouble;
}

void put(const AttemptState& attempt, v1::AttemptSnapshot& message) {
  message.set_number(attempt.number);
  message.set_host(attempt.host);
  message.set_token(attempt.token);
  message.set_created_ms(ms(attempt.created_at));
  put_times(attempt, message);
  message.set_fingerprint(attempt.fingerprint);
  message.set_cause(attempt.cause);
  message.set_message(attempt.message);
  message.set_returned(attempt.returned);
}

AttemptState take(const v1::AttemptSnapshot& message) {
  AttemptState attempt;
  attempt.number = message.number();
  attempt.host = message.host();
  attempt.token = message.token();
  attempt.created_at = wall_time(message.created_ms());
  take_times(message, attempt);
  attempt.fingerprint = message.fingerprint();
  attempt.cause = message.cause();
  attempt.message = message.message();
  attempt.returned = message.returned();
  return attempt;
}

void put(const TaskState& task, v1::TaskSnapshot& message) {
  message.set_stage(task.stage);
  message.set_cell(task.cell);
  message.set_phase(static_cast<std::uint32_t>(task.phase));
  message.set_cached(task.cached);
  message.set_no_cache(task.no_cache);
  message.set_generation(task.generation);
  message.set_threads(task.threads);
  for (const AttemptState& attempt : task.attempts) put(attempt, *message.add_attempts());
  message.set_key(task.key);
  message.set_cached_from(task.cached_from);
  for (const Artifact& output : task.outputs) *message.add_outputs() = output;
  message.mutable_metrics()->insert(task.metrics.begin(), task.metrics.end());
  *message.mutable_progress() = task.progress;
  if (task.checkpoint_step) message.set_checkpoint_step(*task.checkpoint_step);
  put_times(task, message);
  if (task.trouble) put(*task.trouble, *message.mutable_trouble());
}

Result<TaskState> take(const v1::TaskSnapshot& message, std::size_t stages) {
  if (message.stage() >= stages || message.phase() >= kTaskPhases) {
    return corrupt("a task of it is none");
  }
  TaskState task;
  task.stage = message.stage();
  task.cell = message.cell();
  task.phase = static_cast<TaskPhase>(message.phase());
  task.cached = message.cached();
  task.no_cache = message.no_cache();
  task.generation = static_cast<std::uint16_t>(message.generation());
  task.threads = message.threads();
  for (const auto& attempt : message.attempts()) task.attempts.push_back(take(attempt));
  task.key = message.key();
  task.cached_from = message.cached_from();
  task.outputs.assign(message.outputs().begin(), message.outputs().end());
  task.metrics.insert(message.metrics().begin(), message.metrics().end());
  task.progress = message.progress();
  if (message.has_checkpoint_step()) task.checkpoint_step = message.checkpoint_step();
  take_times(message, task);
  if (message.has_trouble()) {
    CAIRN_ASSIGN(TaskTrouble trouble, take(message.trouble()));
    task.trouble = std::make_unique<TaskTrouble>(std::move(trouble));
  }
  return task;
}

void put(const StageState& stage, bool foreach, v1::StageSnapshot& message) {
  if (foreach && stage.cells) message.set_cells_json(canonical_json(to_json(*stage.cells)));
  message.set_more(stage.more);
  message.set_count(stage.count);
  message.set_expanded(stage.expanded);
  message.set_generation(stage.generation);
  if (stage.when_value) message.set_when_value(*stage.when_value);
  message.set_approval_asked(stage.approval_asked);
  message.set_approved(stage.approved);
  message.set_approved_by(stage.approved_by);
  message.set_cause(stage.cause);
  message.set_message(stage.message);
}

// Onto what the workflow alone says of the stage.
Result<void> take(const v1::StageSnapshot& message, StageState& stage) {
  if (!message.cells_json().empty()) {
    CAIRN_ASSIGN(const json::object object, parse_json_object(message.cells_json()));
    CAIRN_ASSIGN(Cells cells, cells_from_json(object));
    stage.cells = std::make_shared<const Cells>(std::move(cells));
  }
  stage.more = message.more();
  stage.count = message.count();
  stage.expanded = message.expanded();
  stage.generation = static_cast<std::uint16_t>(message.generation());
  if (message.has_when_value()) stage.when_value = message.when_value();
  stage.approval_asked = message.approval_asked();
  stage.approved = message.approved();
  stage.approved_by = message.approved_by();
  stage.cause = message.cause();
  stage.message = message.message();
  return {};
}

// The event at a place of the journal.
Result<Event> event_at(const RunStore& store, const std::string& run, std::uint64_t sequence) {
  std::optional<Event> event;
  CAIRN_TRY(store.read_journal(run, sequence - 1, [&](std::uint64_t found, std::string_view bytes) {
    auto events = decode_record(bytes, RunState());
    if (found == sequence && events.ok() && !events->empty()) event = std::move(events->front());
    return false;
  }));
  if (!event)
    return corrupt("the snapshot names record " + std::to_string(sequence) +
                   " of the journal, which is not there");
  return *event;
}

Result<std::shared_ptr<const WorkflowSpec>> workflow_at(const RunStore& store,
                                                        const std::string& run,
                                                        std::uint64_t sequence) {
  CAIRN_ASSIGN(const Event event, event_at(store, run, sequence));
  return parse_workflow(event.has_run_created() ? event.run_created().workflow_json()
                                                : event.run_resumed().workflow_json());
}

Result<v1::RunSnapshot> parse(std::string_view bytes) {
  CAIRN_ASSIGN(const std::string_view payload, without_checksum(bytes));
  v1::RunSnapshot message;
  if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size()))) {
    return corrupt("the snapshot is none");
  }
  if (message.format() != kSnapshotFormat) {
    return corrupt("the snapshot has format " + std::to_string(message.format()) +
                   ", this build reads " + std::to_string(kSnapshotFormat));
  }
  return message;
}

}  // namespace

std::string encode_snapshot(const RunState& state) {
  v1::RunSnapshot message;
  message.set_format(kSnapshotFormat);
  message.set_sequence(state.last_sequence);
  message.set_workflow_at(state.workflow_at);
  message.set_request_id(state.request_id);
  message.set_priority(state.priority);
  *message.mutable_origin() = state.origin;
  message.set_environment_json(state.environment_json);
  message.set_traceparent(state.traceparent);
  message.set_status(static_cast<std::uint32_t>(state.status));
  if (state.stop) message.set_stop(*state.stop);
  message.set_paused(state.paused);
  message.set_revision(state.revision);
  message.set_last_token(state.last_token);
  message.set_created_ms(ms(state.created_at));
  put_times(state, message);
  for (const HostState& host : state.hosts)
    *message.add_hosts() = to_message(host.handle, host.limits);
  for (std::size_t i = 0; i < state.stages.size(); ++i) {
    put(state.stages[i], state.spec->stages[i].foreach.has_value(), *message.add_stages());
  }
  message.mutable_tasks()->Reserve(static_cast<int>(state.tasks.size()));
  for (const TaskState& task : state.tasks) put(task, *message.add_tasks());
  std::string payload;
  {
    google::protobuf::io::StringOutputStream stream(&payload);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    message.SerializeToCodedStream(&coded);
  }
  return with_checksum(payload);
}

Result<RunState> decode_snapshot(const RunStore& store, const std::string& run,
                                 std::string_view bytes) {
  CAIRN_ASSIGN(const v1::RunSnapshot message, parse(bytes));
  CAIRN_TRY(event_at(store, run, message.sequence()));
  CAIRN_ASSIGN(auto spec, workflow_at(store, run, message.workflow_at()));
  RunState state;
  CAIRN_TRY(lay_out(state, std::move(spec)));
  if (static_cast<std::size_t>(message.stages_size()) != state.stages.size()) {
    return corrupt("the snapshot has other stages than its workflow");
  }
  state.id = run;
  state.last_sequence = message.sequence();
  state.workflow_at = message.workflow_at();
  state.request_id = message.request_id();
  state.priority = message.priority();
  state.origin = message.origin();
  state.environment_json = message.environment_json();
  state.traceparent = message.traceparent();
  state.status = static_cast<RunStatus>(message.status());
  if (message.has_stop()) state.stop = message.stop();
  state.paused = message.paused();
  state.revision = message.revision();
  state.last_token = message.last_token();
  state.created_at = wall_time(message.created_ms());
  take_times(message, state);
  for (const auto& host : message.hosts()) state.hosts.push_back(from_message(host));
  for (std::size_t i = 0; i < state.stages.size(); ++i) {
    CAIRN_TRY(take(message.stages(static_cast<int>(i)), state.stages[i]));
  }
  state.tasks.clear();
  state.tasks.reserve(static_cast<std::size_t>(message.tasks_size()));
  for (const auto& task : message.tasks()) {
    CAIRN_ASSIGN(TaskState taken, take(task, state.stages.size()));
    state.tasks.push_back(std::move(taken));
  }
  count_tasks(state);
  return state;
}

}  // namespace cairn
