#include "core/server/control_service.h"

#include <unistd.h>

#include "core/server/journal_follower.h"
#include "core/server/on_strand.h"
#include "core/server/rpc_error.h"

namespace cairn {
namespace {

// How soon a Watch notices that its client has gone.
constexpr std::chrono::seconds kLiveness{1};
// Between two items that only say that something moved.
constexpr std::chrono::milliseconds kFrame{100};

template <typename Value>
grpc::Status answer(const Result<Value>& result, v1::Document* document) {
  if (!result.ok()) return to_status(result.error());
  document->set_json(json::serialize(json::value(*result)));
  return grpc::Status::OK;
}

bool is_over(const Scheduler& scheduler, const std::string& run) {
  const RunState* state = scheduler.find(run);
  return state == nullptr || state->status != RunStatus::kRunning;
}

TaskPage page_of(const v1::RunRequest& request) {
  return {request.offset(), request.limit() == 0 ? kTasksOnAPage : request.limit()};
}

// Nothing where the text is empty.
Result<std::optional<WorkflowSpec>> workflow_of(const std::string& text) {
  if (text.empty()) return std::optional<WorkflowSpec>();
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(WorkflowSpec spec, workflow_spec_from_json(object));
  return std::optional<WorkflowSpec>(std::move(spec));
}

// What the scheduler tells a Watch; guarded by the service's mutex.
struct Moves {
  bool moved = false;     // something was journaled
  bool progress = false;  // a heartbeat came
  bool over = false;
};

}  // namespace

void ControlService::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

grpc::Status ControlService::Describe(grpc::ServerContext*, const v1::DescribeRequest*,
                                      v1::Document* document) {
  const auto runs = on_strand(scheduler_, [&] {
    json::array ids;
    for (const std::string& id : scheduler_.runs()) {
      if (!is_over(scheduler_, id)) ids.emplace_back(id);
    }
    return ids;
  });
  const json::object description{{"pid", ::getpid()}, {"command", command_}, {"runs", runs}};
  return answer(Result<json::object>(description), document);
}

grpc::Status ControlService::List(grpc::ServerContext*, const v1::ListRequest* request,
                                  v1::Document* document) {
  return answer(control_.runs().list(
                    {request->limit(), request->before(), request->status(), request->name()}),
                document);
}

grpc::Status ControlService::Get(grpc::ServerContext*, const v1::RunRequest* request,
                                 v1::Document* document) {
  StoreRuns& runs = control_.runs();
  return answer(request->stage().empty()
                    ? runs.get(request->run())
                    : runs.get_stage(request->run(), request->stage(), page_of(*request)),
                document);
}

grpc::Status ControlService::Explain(grpc::ServerContext*, const v1::RunRequest* request,
                                     v1::Document* document) {
  return answer(control_.runs().explain(request->run(), request->stage(), page_of(*request)),
                document);
}

// The journal is read here and not on the strand, where the scheduler only says that there is more.
grpc::Status ControlService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                   grpc::ServerWriter<v1::WatchItem>* writer) {
  const auto id = control_.runs().resolve(request->run());
  if (!id.ok()) return to_status(id.error());
  const bool events = request->after() != kNoEvents;
  Moves moves;
  const int subscription = on_strand(scheduler_, [&] {
    moves.over = !request->follow() || is_over(scheduler_, *id);
    return scheduler_.subscribe(
        [this, &moves, &id, progress = request->progress(), events](const RunUpdate& update) {
          if (update.state.id != *id) return;
          const bool over = update.event != nullptr && update.state.status != RunStatus::kRunning;
          if (!events && !progress && !over) return;
          const std::lock_guard lock(mutex_);
          if (update.event != nullptr) {
            moves.moved = true;
            moves.over = moves.over || over;
          } else {
            moves.progress = progress;
          }
          changed_.notify_all();
        });
  });

  JournalFollower journal(store_, *id);
  Result<void> read;
  bool gone = false;
  std::size_t written = 0;
  const auto write = [&](const WatchEvent& event) {
    v1::WatchItem item;
    item.set_sequence(event.sequence);
    if (event.sequence != 0) item.set_json(json::serialize(event.event));
    gone = !writer->Write(item);
    ++written;
    return !gone;
  };
  std::unique_lock lock(mutex_);
  while (!gone && read.ok()) {
    const Moves seen = moves;
    moves.moved = moves.progress = false;
    lock.unlock();
    written = 0;
    if (events) read = journal.read(request->after(), write);
    const bool tell =
        request->progress() && written == 0 && (seen.moved || seen.progress) && read.ok();
    if (tell && !gone) write({});
    lock.lock();
    // All that came before the end has been read.
    if (seen.over || closed_ || context->IsCancelled()) break;
    if (tell) {
      changed_.wait_for(lock, kFrame, [&] { return moves.over || closed_; });
    } else if (!moves.moved && !moves.progress && !moves.over) {
      changed_.wait_for(lock, kLiveness);
    }
  }
  lock.unlock();
  on_strand(scheduler_, [&] { scheduler_.unsubscribe(subscription); });
  return read.ok() ? grpc::Status::OK : to_status(read.error());
}

grpc::Status ControlService::Submit(grpc::ServerContext*, const v1::SubmitRequest* request,
                                    v1::Document* document) {
  auto workflow = workflow_of(request->workflow_json());
  if (!workflow.ok()) return to_status(workflow.error());
  if (!*workflow) return to_status(invalid_argument("there is no workflow to submit"));
  SubmitOptions options;
  options.request_id = request->request_id();
  options.priority = request->priority();
  options.environment_json = request->environment_json();
  return answer(control_.submit(**workflow, options), document);
}

grpc::Status ControlService::Cancel(grpc::ServerContext*, const v1::RunRequest* request,
                                    v1::Document* document) {
  return answer(control_.cancel(request->run()), document);
}

grpc::Status ControlService::Pause(grpc::ServerContext*, const v1::PauseRequest* request,
                                   v1::Document* document) {
  return answer(control_.pause(request->run(), request->paused()), document);
}

grpc::Status ControlService::Approve(grpc::ServerContext*, const v1::ApproveRequest* request,
                                     v1::Document* document) {
  return answer(
      control_.approve(request->run(), request->stage(), request->approved(), request->by()),
      document);
}

grpc::Status ControlService::Resume(grpc::ServerContext*, const v1::ResumeRequest* request,
                                    v1::Document* document) {
  auto workflow = workflow_of(request->workflow_json());
  if (!workflow.ok()) return to_status(workflow.error());
  ResumeWish wish;
  wish.options.workflow = std::move(*workflow);
  if (!request->from().empty()) wish.options.from = request->from();
  wish.options.accept_changed_plugins = request->accept_changed_plugins();
  wish.dry_run = request->dry_run();
  return answer(control_.resume(request->run(), wish), document);
}

grpc::Status ControlService::Derive(grpc::ServerContext*, const v1::DeriveRequest* request,
                                    v1::Document* document) {
  auto workflow = workflow_of(request->workflow_json());
  if (!workflow.ok()) return to_status(workflow.error());
  DeriveOptions options;
  options.run = request->run();
  options.stage = request->stage();
  options.fork = request->fork();
  options.step = request->step();
  options.workflow = std::move(*workflow);
  options.request_id = request->request_id();
  options.environment_json = request->environment_json();
  return answer(control_.derive(options), document);
}

grpc::Status ControlService::Delete(grpc::ServerContext*, const v1::RunRequest* request,
                                    v1::Document* document) {
  return answer(control_.remove(request->run()), document);
}

grpc::Status ControlService::CollectGarbage(grpc::ServerContext*, const v1::CollectRequest* request,
                                            v1::Document* document) {
  CollectWish wish;
  wish.dry_run = request->dry_run();
  wish.quota_bytes = request->quota_bytes();
  wish.keep_best.assign(request->keep_best().begin(), request->keep_best().end());
  return answer(control_.collect(wish), document);
}

grpc::Status ControlService::Backup(grpc::ServerContext*, const v1::BackupRequest* request,
                                    v1::Document* document) {
  return answer(control_.backup(request->folder()), document);
}

}  // namespace cairn
