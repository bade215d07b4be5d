// What a handler hands to its connection, from any thread: one answer, or the pieces of a stream.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/http/exchange.h"

namespace cairn::http {

// Thread-safe. It outlives the connection where a handler still holds it.
class Outbox {
 public:
  // capacity: bytes of a stream that are taken and not written; a piece that is larger is taken
  // when nothing else waits. wake: called when there is something to take; it is not called after
  // detach() has returned, and must not block.
  Outbox(std::size_t capacity, std::function<void()> wake)
      : capacity_(capacity), wake_(std::move(wake)) {}

  // The handler's side: Exchange and Stream.
  void respond(Response response);
  void open_stream(Response head);
  [[nodiscard]] Sent send(std::string_view bytes);
  void close();
  void abort();
  void on_gone(std::function<void()> callback);
  [[nodiscard]] bool answered() const;

  // The connection's side.
  struct Parcel {
    std::optional<Response> answer;
    bool streamed = false;  // `answer` is the head of a stream
    std::string bytes;
    bool closed = false;
    bool aborted = false;
  };
  // What came since the last call.
  [[nodiscard]] Parcel take();
  // So many bytes of a stream are on their way: there is room for others.
  void written(std::size_t bytes);
  // The client went away: callbacks are called, a stream takes nothing more.
  void gone();
  // The connection has ended, with the whole answer or without.
  void detach();
  // The whole answer is written: nobody is told that the client goes.
  void finished();

 private:
  void wake(std::unique_lock<std::mutex>& lock);

  mutable std::mutex mutex_;
  const std::size_t capacity_;
  std::function<void()> wake_;
  Parcel parcel_;
  bool woken_ = false;
  bool answered_ = false;
  bool closed_ = false;
  bool gone_ = false;
  std::size_t unwritten_ = 0;
  std::vector<std::function<void()>> callbacks_;
};

// Answers `lost` when it is let go without an answer.
[[nodiscard]] std::shared_ptr<Exchange> make_exchange(std::shared_ptr<Outbox> outbox,
                                                      Response lost);

}  // namespace cairn::http
