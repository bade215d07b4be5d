#include "core/server/control_service.h"

#include <unistd.h>

#include <deque>

#include "core/engine/view.h"
#include "core/server/on_strand.h"
#include "core/server/rpc_error.h"

namespace cairn {
namespace {

// How soon a Watch notices that its client has gone.
constexpr std::chrono::seconds kLiveness{1};

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

// What a Watch has still to send; filled on the strand, emptied by the call's thread.
struct WatchQueue {
  std::string run;
  std::deque<WatchEvent> events;
  bool progress = false;  // there was some since the last item
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
    for (const std::string& id : scheduler_.runs()) ids.emplace_back(id);
    return ids;
  });
  const json::object description{{"pid", ::getpid()}, {"command", command_}, {"runs", runs}};
  return answer(Result<json::object>(description), document);
}

grpc::Status ControlService::List(grpc::ServerContext*, const v1::ListRequest*,
                                  v1::Document* document) {
  return answer(on_strand(scheduler_, [&] { return runs_.list(); }), document);
}

grpc::Status ControlService::Get(grpc::ServerContext*, const v1::RunRequest* request,
                                 v1::Document* document) {
  return answer(on_strand(scheduler_, [&] { return runs_.get(request->run()); }), document);
}

grpc::Status ControlService::Explain(grpc::ServerContext*, const v1::RunRequest* request,
                                     v1::Document* document) {
  return answer(on_strand(scheduler_, [&] { return runs_.explain(request->run()); }), document);
}

grpc::Status ControlService::Cancel(grpc::ServerContext*, const v1::RunRequest* request,
                                    v1::Document* document) {
  const auto cancelled = on_strand(scheduler_, [&]() -> Result<json::object> {
    CAIRN_ASSIGN(const std::string id, runs_.resolve(request->run()));
    CAIRN_TRY(scheduler_.cancel(id));
    return runs_.get(id);
  });
  return answer(cancelled, document);
}

grpc::Status ControlService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                   grpc::ServerWriter<v1::WatchItem>* writer) {
  WatchQueue queue;
  // History and subscription in one turn of the strand: nothing falls between them.
  const auto subscribed = on_strand(scheduler_, [&]() -> Result<int> {
    CAIRN_ASSIGN(queue.run, runs_.resolve(request->run()));
    CAIRN_TRY(runs_.watch(queue.run, request->after(), false, [&](const WatchEvent& event) {
      queue.events.push_back(event);
      return true;
    }));
    queue.over = is_over(scheduler_, queue.run);
    return scheduler_.subscribe(
        [this, &queue, progress = request->progress()](const RunUpdate& update) {
          if (update.state.id != queue.run) return;
          const std::lock_guard lock(mutex_);
          if (update.event != nullptr) {
            queue.events.push_back(
                {update.sequence, event_view(queue.run, update.sequence, *update.event)});
            queue.over = update.state.status != RunStatus::kRunning;
          } else if (progress) {
            queue.progress = true;
          }
          changed_.notify_all();
        });
  });
  if (!subscribed.ok()) return to_status(subscribed.error());

  std::unique_lock lock(mutex_);
  while (!closed_ && !context->IsCancelled()) {
    if (queue.events.empty() && !queue.progress) {
      if (queue.over) break;
      changed_.wait_for(lock, kLiveness);
      continue;
    }
    v1::WatchItem item;
    if (!queue.events.empty()) {
      item.set_sequence(queue.events.front().sequence);
      item.set_json(json::serialize(queue.events.front().event));
      queue.events.pop_front();
    } else {
      queue.progress = false;
    }
    lock.unlock();
    const bool written = writer->Write(item);
    lock.lock();
    if (!written) break;
  }
  lock.unlock();
  on_strand(scheduler_, [&] { scheduler_.unsubscribe(*subscribed); });
  return grpc::Status::OK;
}

}  // namespace cairn
