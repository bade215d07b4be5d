// A connection's requests: from the first byte to the handler.
#include <spdlog/spdlog.h>

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/read.hpp>

#include "core/http/connection.h"

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

Refusal refusal_of(const error_code& error) {
  if (error == beast_http::error::header_limit || error == beast_http::error::buffer_overflow) {
    return {431, invalid_argument("the header is too large"), {}};
  }
  if (error == beast_http::error::body_limit) {
    return {413, invalid_argument("the body is too large"), {}};
  }
  if (error == beast_http::error::bad_version) {
    return {505, invalid_argument("only HTTP/1.0 and HTTP/1.1 are spoken here"), {}};
  }
  return {400, invalid_argument("this is no HTTP request: " + error.message()), {}};
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
    : socket_(std::move(socket)),
      place_(place),
      buffer_(place.gate.limits.header_bytes + kPieceBytes) {
  error_code error;
  const auto remote = socket_.remote_endpoint(error);
  if (!error) peer_ = remote.address().to_string();
  // Events are small, and each is to arrive at once.
  socket_.set_option(asio::ip::tcp::no_delay(true), error);
}

void Connection::start() {
  next_request();
}

void Connection::turn_away() {
  Refusal refusal{503, make_error(ErrorCode::kUnavailable, "too many connections"), {}};
  refusal.headers.add("Retry-After", "1");
  close_after_ = true;
  refuse(refusal);
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
  close_after_ = only_head_ = old_version_ = streaming_ = complete_ = false;
  if (buffer_.size() > 0) return read_head();
  if (place_.draining) return linger();
  enter(State::kIdle, place_.gate.limits.idle_time);
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](const error_code& error) {
    if (!self->is(State::kIdle)) return;
    if (error) return self->cut();
    self->read_head();
  });
}

void Connection::read_head() {
  enter(State::kHead, place_.gate.limits.header_time);
  began_ = place_.clock.monotonic();
  beast_http::async_read_header(socket_, buffer_, *parser_,
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
  try {
    auto judgement = judge(place_.gate, std::move(head));
    if (auto* admission = std::get_if<Admission>(&judgement)) return admit(std::move(*admission));
    close_after_ = close_after_ || unread;
    refuse(std::get<Refusal>(judgement));
  } catch (const std::exception& failure) {
    spdlog::error("the access check threw: {}", failure.what());
    close_after_ = true;
    refuse({500, internal_error("the request could not be checked"), {}});
  }
}

void Connection::admit(Admission admission) {
  admission_ = std::move(admission);
  const auto length = parser_->content_length();
  const std::uint64_t body = parser_->chunked() ? admission_->body_limit : length.value_or(0);
  if (place_.bodies + body > place_.gate.limits.bodies_bytes) {
    Refusal refusal{503, make_error(ErrorCode::kUnavailable, "too many requests at once"), {}};
    refusal.headers.add("Retry-After", "1");
    close_after_ = true;
    return refuse(refusal);
  }
  set_aside_ = body;
  place_.bodies += body;
  busy_ = true;
  place_.busy(1);
  if (parser_->is_done()) return dispatch();
  enter(State::kBody, began_ + place_.gate.limits.request_time - place_.clock.monotonic());
  parser_->body_limit(admission_->body_limit);
  if (!admission_->request.headers.find("Expect")) return read_body();
  asio::async_write(socket_, asio::buffer(kContinue),
                    [self = shared_from_this()](const error_code& error, std::size_t) {
                      if (!self->is(State::kBody)) return;
                      if (error) return self->cut();
                      self->read_body();
                    });
}

void Connection::read_body() {
  beast_http::async_read(socket_, buffer_, *parser_,
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

void Connection::refuse(const Refusal& refusal) {
  Response response = place_.errors(refusal.status, refusal.error);
  for (const auto& [name, value] : refusal.headers.fields()) response.headers.add(name, value);
  write_answer(std::move(response));
}

void Connection::dispatch() {
  enter(State::kHandling, std::nullopt);
  outbox_ = std::make_shared<Outbox>(place_.gate.limits.stream_bytes,
                                     [weak = weak_from_this(), &io = place_.io] {
                                       asio::post(io, [weak] {
                                         if (const auto self = weak.lock()) self->pump();
                                       });
                                     });
  watch();
  auto exchange =
      make_exchange(outbox_, place_.errors(500, internal_error("the request was not answered")));
  asio::post(place_.workers,
             [route = admission_->route, request = std::move(admission_->request),
              exchange = std::move(exchange)] { answer(route->handler, request, exchange); });
}

// Reads ahead while a request is being answered: that is how it shows that the client goes away.
void Connection::watch() {
  if (watching_ || buffer_.size() >= place_.gate.limits.header_bytes) return;
  watching_ = true;
  socket_.async_read_some(buffer_.prepare(kReadAhead),
                          [self = shared_from_this()](const error_code& error, std::size_t bytes) {
                            self->watching_ = false;
                            self->on_watched(error, bytes);
                          });
}

void Connection::on_watched(const error_code& error, std::size_t bytes) {
  if (is(State::kClosed)) return;
  buffer_.commit(bytes);
  if (is(State::kLingering)) return error ? cut() : discard();
  const bool left = error && error != asio::error::operation_aborted;
  if (std::exchange(resume_, false)) return left ? cut() : next_request();
  if (!error) return watch();
  // It may only have closed its own side, and wait for an answer.
  if (error != asio::error::eof || streaming_) return cut();
  half_closed_ = close_after_ = true;
  if (outbox_) outbox_->gone();
}

}  // namespace cairn::http
