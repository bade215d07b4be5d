#include "core/server/control_service.h"

#include <algorithm>

#include "core/server/journal_follower.h"
#include "core/server/on_strand.h"
#include "core/server/rpc_error.h"

namespace cairn {
namespace {

// How soon a Watch notices that its client has gone.
constexpr std::chrono::seconds kLiveness{1};
constexpr std::uint64_t kPiece = std::uint64_t{256} << 10;  // of an artifact, in a message
// Between two items that only say that something moved.
constexpr std::chrono::milliseconds kFrame{100};

bool is_over(const Scheduler& scheduler, const std::string& run) {
  const RunState* state = scheduler.find(run);
  return state == nullptr || state->status != RunStatus::kRunning;
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

grpc::Status ControlService::answer(const char* method, grpc::ServerContext& context,
                                    const google::protobuf::Message& request,
                                    v1::Document& document) {
  api::Caller caller;
  if (const auto given = context.client_metadata().find("traceparent");
      given != context.client_metadata().end())
    caller.traceparent.assign(given->second.data(), given->second.size());
  const api::Outcome outcome = api_.call(method, request, caller);
  if (const auto* failure = std::get_if<api::Failure>(&outcome))
    return to_status(failure->error, failure->places);
  document.set_json(json::serialize(std::get<json::object>(outcome)));
  return grpc::Status::OK;
}

grpc::Status ControlService::ReadArtifact(grpc::ServerContext*,
                                          const v1::ReadArtifactRequest* request,
                                          grpc::ServerWriter<v1::Bytes>* writer) {
  const auto file = api_.open_file(*request);
  if (!file.ok()) return to_status(file.error());
  for (std::uint64_t at = 0; at < file->size;) {
    auto piece = read_range(file->fd.get(), at, std::min(kPiece, file->size - at));
    if (!piece.ok()) return to_status(piece.error());
    if (piece->empty()) return to_status(corrupt("artifact " + request->digest() + " got shorter"));
    at += piece->size();
    v1::Bytes message;
    message.set_bytes(std::move(*piece));
    if (!writer->Write(message)) break;  // the client has gone
  }
  return grpc::Status::OK;
}

grpc::Status ControlService::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                                   grpc::ServerWriter<v1::WatchItem>* writer) {
  const auto id = api_.runs().resolve(request->run());
  if (!id.ok()) return to_status(id.error());
  Scheduler& scheduler = api_.scheduler();
  const bool events = request->after() != kNoEvents;
  Moves moves;
  const int subscription = on_strand(scheduler, [&] {
    moves.over = !request->follow() || is_over(scheduler, *id);
    return scheduler.subscribe(
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
  on_strand(scheduler, [&] { scheduler.unsubscribe(subscription); });
  return read.ok() ? grpc::Status::OK : to_status(read.error());
}

}  // namespace cairn
