// A connection's requests: from the first byte to the handler.
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "core/http/connection.h"
#include "core/http/gzip.h"
#include "core/http/trace.h"

namespace cairn::http {
namespace {

namespace asio = boost::asio;
namespace beast_http = boost::beast::http;
using boost::system::error_code;

constexpr std::size_t kReadAhead = 4096;
constexpr std::size_t kPieceBytes = std::size_t{64} << 10;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

bool is_parse_error(const error_code& error) {
  return error.category() == beast_http::make_error_code(beast_http::error::bad_method).category();
}

Refusal refusal_with(int status, Error error) {
  Refusal refusal;
  refusal.status = status;
  refusal.error = std::move(error);
  return refusal;
}

Refusal refusal_of(const error_code& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return refusal_with(431, invalid_argument("the header is too large"));
  }
  if (error == beast_http::error::body_limit) {
    return refusal_with(413, invalid_argument("the body is too large"));
  }
  if (error == beast_http::error::bad_version) {
    return refusal_with(505, invalid_argument("only HTTP/1.0 and HTTP/1.1 are spoken here"));
  }
  return refusal_with(400, invalid_argument("this is no HTTP request: " + error.message()));
}

Refusal come_back(int status, ErrorCode code, const std::string& why, Duration wait) {
  Refusal refusal = refusal_with(status, make_error(code, why));
  refusal.headers.add("Retry-After", retry_after(wait));
  return refusal;
}

template <typename Parser>
Head head_of(const Parser& parser, const std::string& peer) {
  const auto& message = parser.get();
  Head head;
  head.method = std::string(message.method_string());
  head.target = std::string(message.target());
  head.version = static_cast<int>(message.version());
  for (const auto& field : message) {
    head.headers.add(std::string(field.name_string()), std::string(field.value()));
  }
  if (const auto length = parser.content_length()) head.content_length = *length;
  head.chunked = parser.chunked();
  head.peer = peer;
  return head;
}

// The only place where a handler is called.
void answer(const Handler& handler, const Request& request,
            const std::shared_ptr<Exchange>& exchange) {
  try {
    Answer given = handler(request);
    if (auto* response = std::get_if<Response>(&given)) {
      exchange->respond(std::move(*response));
    } else {
      std::get<Later>(given)(exchange);
    }
  } catch (const std::exception& error) {
    spdlog::error("{} {}: the handler threw: {}", to_string(request.method), request.target.path,
                  error.what());
  }
}

}  // namespace

Connection::Connection(Socket socket, Workplace& place)
    : transport_(std::move(socket), place.tls.get()),
      place_(place),
      buffer_(place.gate.limits.header_bytes + kPieceBytes) {
  error_code error;
  const auto remote = transport_.socket().remote_endpoint(error);
  if (!error) peer_ = remote.address().to_string();
  // Events are small, and each is to arrive at once.
  transport_.socket().set_option(asio::ip::tcp::no_delay(true), error);
}

void Connection::start() {
  if (transport_.is_tls()) return shake_hands();
  next_request();
}

// In TLS it would cost a handshake to say why.
void Connection::turn_away() {
  if (transport_.is_tls()) return cut();
  began_ = place_.clock.monotonic();
  close_after_ = true;
  refuse(come_back(503, ErrorCode::kUnavailable, "too many connections", Duration{1000}));
}

void Connection::shake_hands() {
  enter(State::kHandshake, place_.gate.limits.handshake_time);
  transport_.async_handshake([self = shared_from_this()](const error_code& error) {
    if (!self->is(State::kHandshake)) return;
    if (error) return self->cut();
    self->next_request();
  });
}

void Connection::enter(State state, std::optional<Duration> time) {
  state_ = state;
  deadline_.reset();
  if (time) deadline_ = place_.clock.monotonic() + *time;
}

void Connection::next_request() {
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(place_.gate.limits.header_bytes));
  // Judged by the gate, once the route is known.
  parser_->body_limit(boost::none);
  close_after_ = only_head_ = old_version_ = streaming_ = complete_ = packs_ = false;
  if (buffer_.size() > 0) return read_head();
  if (place_.draining) return linger();
  enter(State::kIdle, place_.gate.limits.idle_time);
  transport_.async_read_some(
      buffer_.prepare(kReadAhead),
      [self = shared_from_this()](const error_code& error, std::size_t bytes) {
        if (!self->is(State::kIdle)) return;
        if (error) return self->cut();
        self->buffer_.commit(bytes);
        self->read_head();
      });
}

void Connection::read_head() {
  enter(State::kHead, place_.gate.limits.header_time);
  began_ = place_.clock.monotonic();
  beast_http::async_read_header(transport_, buffer_, *parser_,
                                [self = shared_from_this()](const error_code& error, std::size_t) {
                                  if (self->is(State::kHead)) self->on_head(error);
                                });
}

void Connection::on_head(const error_code& error) {
  if (error) {
    if (!is_parse_error(error) || error == beast_http::error::end_of_stream ||
        error == beast_http::error::partial_message) {
      return cut();
    }
    close_after_ = true;
    return refuse(refusal_of(error));
  }
  Head head = head_of(*parser_, peer_);
  only_head_ = head.method == "HEAD";
  old_version_ = head.version == 10;
  close_after_ = old_version_ || !parser_->get().keep_alive();
  // A body that nobody reads would be taken for the next request.
  const bool unread = head.has_body() || head.headers.find("Transfer-Encoding").has_value();
  packs_ = accepts_gzip(head.headers.find("Accept-Encoding").value_or(""));
  head.trace = trace_of(head.headers, place_.traces);
  try {
    auto judgement = judge(place_.gate, std::move(head));
    auto* admission = std::get_if<Admission>(&judgement);
    Request& request =
        admission != nullptr ? admission->request : std::get<Refusal>(judgement).request;
    if (auto refusal = over_rate(request)) {
      refusal->route = admission != nullptr ? admission->route : nullptr;
      refusal->request = std::move(request);
      close_after_ = close_after_ || unread;
      return refuse(*std::move(refusal));
    }
    if (admission != nullptr) return admit(std::move(*admission));
    close_after_ = close_after_ || unread;
    refuse(std::get<Refusal>(std::move(judgement)));
  } catch (const std::exception& failure) {
    spdlog::error("the access check threw: {}", failure.what());
    close_after_ = true;
    refuse(refusal_with(500, internal_error("the request could not be checked")));
  }
}

std::optional<Refusal> Connection::over_rate(const Request& request) {
  const auto wait =
      place_.requests.take(client_name(request.who, request.peer), place_.clock.monotonic());
  if (!wait) return std::nullopt;
  return come_back(429, ErrorCode::kResourceExhausted, "too many requests of one client", *wait);
}

void Connection::admit(Admission admission) {
  admission_ = std::move(admission);
  const auto length = parser_->content_length();
  const std::uint64_t body = parser_->chunked() ? admission_->body_limit : length.value_or(0);
  if (place_.bodies + body > place_.gate.limits.bodies_bytes) {
    Refusal refusal =
        come_back(503, ErrorCode::kUnavailable, "too many requests at once", Duration{1000});
    refusal.route = admission_->route;
    refusal.request = std::move(admission_->request);
    close_after_ = true;
    return refuse(std::move(refusal));
  }
  begin_record(admission_->request, admission_->route);
  set_aside_ = body;
  place_.bodies += body;
  busy_ = true;
  place_.busy(1);
  if (parser_->is_done()) return dispatch();
  enter(State::kBody, began_ + place_.gate.limits.request_time - place_.clock.monotonic());
  parser_->body_limit(admission_->body_limit);
  if (!admission_->request.headers.find("Expect")) return read_body();
  asio::async_write(transport_, asio::buffer(kContinue),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (!self->is(State::kBody)) return;
                      if (error) return self->cut();
                      self->read_body();
                    });
}

void Connection::read_body() {
  beast_http::async_read(transport_, buffer_, *parser_,
                         [self = shared_from_this()](const error_code& error, std::size_t) {
                           if (self->is(State::kBody)) self->on_body(error);
                         });
}

void Connection::on_body(const error_code& error) {
  if (error) {
    if (!is_parse_error(error) || error == beast_http::error::partial_message ||
        error == beast_http::error::end_of_stream) {
      return cut();
    }
    close_after_ = true;
    return refuse(refusal_of(error));
  }
  admission_->request.body = std::move(parser_->get().body());
  dispatch();
}

void Connection::refuse(Refusal refusal) {
  // One that came too slowly, or whose body is wrong, has a record already.
  if (refusal.request.peer.empty()) refusal.request.peer = peer_;
  if (!record_) begin_record(refusal.request, refusal.route);
  Response response = problem(refusal.status, refusal.error);
  for (const auto& [name, value] : refusal.headers.fields()) response.headers.add(name, value);
  write_answer(std::move(response));
}

void Connection::dispatch() {
  enter(State::kHandling, std::nullopt);
  // A large request leaves a large buffer, and a stream may last for days.
  if (buffer_.size() == 0 && buffer_.capacity() > kReadAhead) buffer_.shrink_to_fit();
  outbox_ = std::make_shared<Outbox>(place_.gate.limits.stream_bytes,
                                     [weak = weak_from_this(), &io = place_.io] {
                                       asio::post(io, [weak] {
                                         if (const auto self = weak.lock()) self->pump();
                                       });
                                     });
  watch();
  auto exchange =
      make_exchange(outbox_, problem(500, internal_error("the request was not answered")));
  asio::post(place_.workers,
             [route = admission_->route, request = std::move(admission_->request),
              exchange = std::move(exchange)] { answer(route->handler, request, exchange); });
}

// Reads ahead while a request is being answered: that is how it shows that the client goes away.
void Connection::watch() {
  if (watching_ || buffer_.size() >= place_.gate.limits.header_bytes) return;
  watching_ = true;
  transport_.async_read_some(
      buffer_.prepare(kReadAhead),
      [self = shared_from_this()](const error_code& error, std::size_t bytes) {
        self->watching_ = false;
        self->on_watched(error, bytes);
      });
}

void Connection::on_watched(const error_code& error, std::size_t bytes) {
  if (is(State::kClosed)) return;
  buffer_.commit(bytes);
  if (is(State::kLingering)) {
    if (transport_.is_tls() && error == asio::error::operation_aborted) return end_tls();
    return error ? cut() : discard();
  }
  const bool left = error && error != asio::error::operation_aborted;
  if (std::exchange(resume_, false)) return left ? cut() : next_request();
  if (!error) return watch();
  // It may only have closed its own side, and wait for an answer.
  if (error != asio::error::eof || streaming_) return cut();
  half_closed_ = close_after_ = true;
  if (outbox_) outbox_->gone();
}

}  // namespace cairn::http
