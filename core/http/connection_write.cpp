// A connection's answers: whole ones, files and streams; and its end.
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "core/http/connection.h"
#include "core/http/gzip.h"
#include "core/http/problem.h"
#include "core/http/wire.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kFilePiece = std::size_t{256} << 10;
constexpr std::size_t kKeptRoom = std::size_t{4} << 10;
constexpr Duration kLingerTime{2'000};

bool has_no_body(int status) {
  return status == 204 || status == 304;
}

}  // namespace

// What the handler has handed over so far.
void Connection::pump() {
  if (!outbox_ || writing_ || complete_ || file_ || is(State::kClosed)) return;
  Outbox::Parcel parcel = outbox_->take();
  if (parcel.answer && !parcel.streamed) return encode(*std::move(parcel.answer));
  if (parcel.answer) begin_stream(*std::move(parcel.answer));
  if (!streaming_ || is(State::kClosed)) return;
  if (parcel.aborted || !still_allowed()) return cut();
  out_of_stream_ = parcel.bytes.size();
  if (!only_head_) out_ += old_version_ ? parcel.bytes : chunk_bytes(parcel.bytes);
  if (parcel.closed || only_head_) {
    complete_ = true;
    if (!old_version_ && !only_head_) out_ += kLastChunk;
  }
  if (!out_.empty()) return write_out();
  if (complete_) finish_answer();
}

// In gzip where the client takes it, which a worker does: it takes its time.
void Connection::encode(Response response) {
  if (!response.who.empty()) record_->who = response.who;
  response = with_trace(std::move(response), record_->trace_id);
  if ((response.status == 304 || may_be_gzipped(response)) && response.headers.count("Vary") == 0)
    response.headers.add("Vary", "Accept-Encoding");
  if (!packs_ || !may_be_gzipped(response) ||
      std::get<std::string>(response.body).size() < kGzipFrom) {
    return write_answer(std::move(response));
  }
  asio::post(place_.workers, [self = shared_from_this(), response = std::move(response),
                              &io = place_.io]() mutable {
    auto packed = gzipped(response);
    if (packed.ok()) {
      response = *std::move(packed);
    } else {
      spdlog::warn("an answer is sent as it is: {}", packed.error().message);
    }
    asio::post(io, [self, response = std::move(response)]() mutable {
      if (!self->is(State::kClosed)) self->write_answer(std::move(response));
    });
  });
}

void Connection::write_answer(Response response) {
  if (const auto checked = check_response(response); !checked.ok()) {
    spdlog::error("{}", checked.error().message);
    response = problem(500, internal_error("the answer could not be sent"));
  }
  response = hold_up_strangers(std::move(response));
  record_->status = response.status;
  const auto* slice = std::get_if<FileSlice>(&response.body);
  Framing framing;
  framing.close = close_after_ || place_.draining;
  close_after_ = framing.close;
  const bool empty = has_no_body(response.status);
  if (!empty) framing.length = slice ? slice->length : std::get<std::string>(response.body).size();
  out_ = head_bytes(response, framing, place_.clock.now());
  if (!only_head_ && !empty) {
    if (slice != nullptr) {
      file_ = *slice;
    } else {
      out_ += std::get<std::string>(response.body);
    }
  }
  complete_ = !file_;
  write_out();
}

void Connection::begin_stream(Response head) {
  if (half_closed_) return cut();
  if (const auto checked = check_response(head); !checked.ok()) {
    spdlog::error("{}", checked.error().message);
    outbox_->gone();
    return write_answer(problem(500, internal_error("the answer could not be sent")));
  }
  if (!take_stream()) {
    outbox_->gone();
    return write_answer(too_many("too many streams of one client", Duration{5000}));
  }
  record_->status = head.status;
  record_->stream = streaming_ = true;
  close_after_ = close_after_ || old_version_;
  out_ = head_bytes(head, {std::nullopt, !old_version_, close_after_}, place_.clock.now());
}

void Connection::write_out() {
  enter(State::kWriting, place_.gate.limits.write_time);
  writing_ = true;
  transport_.async_write_some(
      asio::buffer(out_) + out_done_,
      [self = shared_from_this()](const error_code& error, std::size_t bytes) {
        self->writing_ = false;
        if (self->is(State::kClosed)) return;
        if (error) return self->cut();
        self->out_done_ += bytes;
        if (self->record_) self->record_->bytes += bytes;
        if (self->out_done_ < self->out_.size()) return self->write_out();
        self->after_write();
      });
}

void Connection::after_write() {
  // A stream lasts: it keeps no room that one large piece needed.
  if (out_.capacity() > kKeptRoom) out_ = {};
  out_.clear();
  out_done_ = 0;
  deadline_.reset();
  if (outbox_) outbox_->written(std::exchange(out_of_stream_, 0));
  if (file_) return read_file();
  if (complete_) return finish_answer();
  pump();
}

// The next piece, read by a worker: a disk may take its time.
void Connection::read_file() {
  const FileSlice slice = *file_;
  asio::post(place_.workers, [self = shared_from_this(), slice, &io = place_.io] {
    std::string piece(static_cast<std::size_t>(std::min<std::uint64_t>(slice.length, kFilePiece)),
                      '\0');
    const ssize_t count = slice.length == 0 ? 0
                                            : ::pread(slice.file->get(), piece.data(), piece.size(),
                                                      static_cast<off_t>(slice.offset));
    piece.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    asio::post(io, [self, piece = std::move(piece), left = slice.length]() mutable {
      if (self->is(State::kClosed)) return;
      // The length is already told: what is shorter now can only be cut.
      if (piece.empty() && left > 0) return self->cut();
      self->file_->offset += piece.size();
      self->file_->length -= piece.size();
      if (self->file_->length == 0) {
        self->file_.reset();
        self->complete_ = true;
      }
      self->out_ = std::move(piece);
      if (self->out_.empty()) return self->finish_answer();
      self->write_out();
    });
  });
}

void Connection::release() {
  place_.bodies -= std::exchange(set_aside_, 0);
  if (std::exchange(busy_, false)) place_.busy(-1);
}

void Connection::finish_answer() {
  // Who feeds a stream to HEAD has nobody to feed.
  if (outbox_ && streaming_ && only_head_) outbox_->gone();
  if (outbox_) outbox_->finished();
  outbox_.reset();
  release();
  end_record();
  if (close_after_ || place_.draining) return linger();
  if (!watching_) return next_request();
  resume_ = true;
  error_code ignored;
  transport_.socket().cancel(ignored);
}

// A client that still sends would get a reset instead of the answer: what it sends is thrown away
// until it has read to the end.
void Connection::linger() {
  enter(State::kLingering, kLingerTime);
  error_code error;
  if (transport_.is_tls()) {
    if (!watching_) return end_tls();
    transport_.socket().cancel(error);
    return;
  }
  transport_.socket().shutdown(Socket::shutdown_send, error);
  if (error) return cut();
  if (!watching_) discard();
}

// Says that nothing follows, so that the client knows it has all of it.
void Connection::end_tls() {
  transport_.async_shutdown([self = shared_from_this()](const error_code&) {
    if (!self->is(State::kLingering)) return;
    error_code error;
    self->transport_.socket().shutdown(Socket::shutdown_send, error);
    if (error) return self->cut();
    self->discard();
  });
}

// What comes is not read, so it need not be understood: of TLS these are the bytes as they are.
void Connection::discard() {
  transport_.socket().async_read_some(
      asio::buffer(discarded_), [self = shared_from_this()](const error_code& error, std::size_t) {
        if (!self->is(State::kLingering)) return;
        if (error) return self->cut();
        self->discard();
      });
}

void Connection::sweep(Duration now) {
  if (!deadline_ || now < *deadline_) return;
  if (!is(State::kHead) && !is(State::kBody)) return cut();
  close_after_ = true;
  error_code ignored;
  transport_.socket().cancel(ignored);
  Refusal refusal;
  refusal.status = 408;
  refusal.error = make_error(ErrorCode::kCancelled, "the request took too long to come");
  refuse(std::move(refusal));
}

void Connection::drain() {
  if (is(State::kIdle)) cut();
}

void Connection::cut() {
  if (is(State::kClosed)) return;
  enter(State::kClosed, std::nullopt);
  if (outbox_) outbox_->detach();
  outbox_.reset();
  release();
  end_record();
  error_code ignored;
  transport_.socket().close(ignored);
  place_.ended(*this);
}

}  // namespace cairn::http
