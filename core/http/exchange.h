// Handlers, and how one answers later or bit by bit.
//
// Thread contract: a handler runs on one of the server's worker threads, several at once. It may
// block, but holds its worker meanwhile; what takes long answers Later. The functions of Exchange
// and Stream may be called from any thread, and none of them waits for the client. Callbacks of
// on_gone run on the server's I/O thread and must neither block nor throw.
#pragma once

#include <functional>
#include <memory>
#include <string_view>
#include <variant>

#include "core/http/message.h"

namespace cairn::http {

enum class Sent {
  kTaken,
  kFull,  // the client is slow, and its buffer (Limits::stream_bytes) has no room: nothing was
          // taken
  kGone,  // nobody listens any more
};

// The body of an answer that comes in pieces. Whoever lets go of one that is not closed aborts it.
class Stream {
 public:
  virtual ~Stream() = default;
  // All of the bytes or nothing.
  [[nodiscard]] virtual Sent send(std::string_view bytes) = 0;
  // The body is complete: what was taken is still sent.
  virtual void close() = 0;
  // The connection is cut, so that the client sees that something is missing.
  virtual void abort() = 0;
};

// One request that waits for its answer. Whoever lets go of one without answering answers 500.
class Exchange {
 public:
  virtual ~Exchange() = default;
  // The answer. Only the first call of this or stream() counts.
  virtual void respond(Response response) = 0;
  // Status and headers of the answer, whose body comes through the Stream; `head.body` is not sent.
  [[nodiscard]] virtual std::shared_ptr<Stream> stream(Response head) = 0;
  // Called once when the client goes away before it has the whole answer; at once if it has gone.
  // A client that only closed its own side counts as gone, too: it still gets a whole answer, but
  // no stream.
  virtual void on_gone(std::function<void()> callback) = 0;
};

using Later = std::function<void(std::shared_ptr<Exchange>)>;
using Answer = std::variant<Response, Later>;
using Handler = std::function<Answer(const Request&)>;

}  // namespace cairn::http
