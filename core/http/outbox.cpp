#include "core/http/outbox.h"

#include <utility>

namespace cairn::http {
namespace {

class OutboxStream final : public Stream {
 public:
  explicit OutboxStream(std::shared_ptr<Outbox> outbox) : outbox_(std::move(outbox)) {}
  ~OutboxStream() override { outbox_->abort(); }
  Sent send(std::string_view bytes) override { return outbox_->send(bytes); }
  void close() override { outbox_->close(); }
  void abort() override { outbox_->abort(); }

 private:
  std::shared_ptr<Outbox> outbox_;
};

class OutboxExchange final : public Exchange {
 public:
  OutboxExchange(std::shared_ptr<Outbox> outbox, Response lost)
      : outbox_(std::move(outbox)), lost_(std::move(lost)) {}
  ~OutboxExchange() override {
    if (!outbox_->answered()) outbox_->respond(std::move(lost_));
  }
  void respond(Response response) override { outbox_->respond(std::move(response)); }
  std::shared_ptr<Stream> stream(Response head) override {
    outbox_->open_stream(std::move(head));
    return std::make_shared<OutboxStream>(outbox_);
  }
  void on_gone(std::function<void()> callback) override { outbox_->on_gone(std::move(callback)); }

 private:
  std::shared_ptr<Outbox> outbox_;
  Response lost_;
};

}  // namespace

std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Outbox> outbox, Response lost) {
  return std::make_shared<OutboxExchange>(std::move(outbox), std::move(lost));
}

// Under the lock: detach() waits for it.
void Outbox::wake(std::unique_lock<std::mutex>&) {
  if (woken_ || !wake_) return;
  woken_ = true;
  wake_();
}

void Outbox::respond(Response response) {
  std::unique_lock lock(mutex_);
  if (answered_) return;
  answered_ = closed_ = true;
  parcel_.answer = std::move(response);
  wake(lock);
}

void Outbox::open_stream(Response head) {
  std::unique_lock lock(mutex_);
  if (answered_) return;
  answered_ = true;
  parcel_.answer = std::move(head);
  parcel_.streamed = true;
  wake(lock);
}

Sent Outbox::send(std::string_view bytes) {
  std::unique_lock lock(mutex_);
  if (gone_ || closed_) return Sent::kGone;
  if (unwritten_ > 0 && unwritten_ + bytes.size() > capacity_) return Sent::kFull;
  unwritten_ += bytes.size();
  parcel_.bytes += bytes;
  wake(lock);
  return Sent::kTaken;
}

void Outbox::close() {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  closed_ = parcel_.closed = true;
  wake(lock);
}

void Outbox::abort() {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  closed_ = parcel_.aborted = true;
  wake(lock);
}

void Outbox::on_gone(std::function<void()> callback) {
  {
    const std::lock_guard lock(mutex_);
    if (!gone_) {
      callbacks_.push_back(std::move(callback));
      return;
    }
  }
  callback();
}

bool Outbox::answered() const {
  const std::lock_guard lock(mutex_);
  return answered_;
}

Outbox::Parcel Outbox::take() {
  const std::lock_guard lock(mutex_);
  woken_ = false;
  Parcel parcel = std::exchange(parcel_, {});
  parcel_.closed = parcel.closed;
  parcel_.aborted = parcel.aborted;
  return parcel;
}

void Outbox::written(std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  unwritten_ -= bytes;
}

void Outbox::gone() {
  std::vector<std::function<void()>> callbacks;
  {
    const std::lock_guard lock(mutex_);
    if (gone_) return;
    gone_ = true;
    callbacks.swap(callbacks_);
  }
  for (const auto& callback : callbacks) callback();
}

void Outbox::detach() {
  {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
  }
  gone();
}

void Outbox::finished() {
  std::vector<std::function<void()>> forgotten;
  {
    const std::lock_guard lock(mutex_);
    wake_ = nullptr;
    gone_ = true;
    forgotten.swap(callbacks_);
  }
}

}  // namespace cairn::http
