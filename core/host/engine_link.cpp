#include "core/host/engine_link.h"

#include <condition_variable>
#include <deque>
#include <mutex>

namespace cairn::host {

// One Attach call. gRPC may call it until OnDone returns; end() waits for that, and only then may
// it be destroyed.
class EngineLink::Stream final : public grpc::ClientBidiReactor<v1::HostReport, v1::EngineCommand> {
 public:
  Stream(v1::Hosts::Stub& stub, const Listener& listener, std::vector<v1::HostReport> reports)
      : listener_(listener), queue_(reports.begin(), reports.end()) {
    stub.async()->Attach(&context_, this);
    // Kept until the stream breaks, so that send() may start writes at any time.
    AddHold();
    StartRead(&command_);
    {
      const std::lock_guard lock(mutex_);
      write_next();
    }
    StartCall();
  }

  void send(v1::HostReport report) {
    const std::lock_guard lock(mutex_);
    if (broken_) return;
    queue_.push_back(std::move(report));
    if (!writing_) write_next();
  }

  void end() {
    {
      const std::lock_guard lock(mutex_);
      silent_ = true;
    }
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return done_; });
  }

  void OnWriteDone(bool ok) override {
    bool first = false;
    {
      const std::lock_guard lock(mutex_);
      writing_ = false;
      if (!ok) {
        break_off();
      } else {
        first = !std::exchange(connected_, true) && !silent_;
        queue_.pop_front();
        write_next();
      }
    }
    if (first) listener_.connected();
  }

  void OnReadDone(bool ok) override {
    bool silent = false;
    {
      const std::lock_guard lock(mutex_);
      if (!ok) break_off();
      silent = silent_;
    }
    if (!ok) return;
    if (!silent) listener_.command(command_);
    StartRead(&command_);
  }

  void OnDone(const grpc::Status&) override {
    bool silent = false;
    {
      const std::lock_guard lock(mutex_);
      silent = silent_;
    }
    if (!silent) listener_.lost();
    // Notified under the lock: the waiter destroys this object.
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }

 private:
  void write_next() {
    if (queue_.empty() || broken_) return;
    writing_ = true;
    StartWrite(&queue_.front());
  }
  void break_off() {
    if (std::exchange(broken_, true)) return;
    RemoveHold();
  }

  grpc::ClientContext context_;
  const Listener& listener_;
  v1::EngineCommand command_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<v1::HostReport> queue_;
  bool writing_ = false;
  bool connected_ = false;
  bool broken_ = false;
  bool silent_ = false;
  bool done_ = false;
};

EngineLink::EngineLink(const fs::path& socket, Listener listener) : listener_(std::move(listener)) {
  grpc::ChannelArguments arguments;
  // An engine that returns is found within a second.
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 100);
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  stub_ = v1::Hosts::NewStub(grpc::CreateCustomChannel(
      "unix:" + socket.string(), grpc::InsecureChannelCredentials(), arguments));
}

EngineLink::~EngineLink() {
  if (stream_) stream_->end();
}

void EngineLink::connect(std::vector<v1::HostReport> reports) {
  if (stream_) stream_->end();
  stream_ = std::make_unique<Stream>(*stub_, listener_, std::move(reports));
}

void EngineLink::send(v1::HostReport report) {
  if (stream_) stream_->send(std::move(report));
}

}  // namespace cairn::host
