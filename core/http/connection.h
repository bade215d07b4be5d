// One client: reads its requests one after the other, lets them in or not, and writes the answers.
//
// All of it happens on the server's I/O thread; only handlers run elsewhere.
#pragma once

#include <array>
#include <atomic>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/http/gate.h"
#include "core/http/observe.h"
#include "core/http/outbox.h"
#include "core/http/rate.h"
#include "core/http/text_body.h"
#include "core/http/transport.h"

namespace cairn::http {

class Connection;

// What the connections of one server share.
struct Workplace {
  Gate gate;
  const Clock& clock;
  std::function<Response(int status, const Error& error)> errors;
  boost::asio::io_context& io;
  boost::asio::thread_pool& workers;
  std::function<void(Connection&)> ended;  // forget it
  std::function<void(int change)> busy;    // a request came in (1), its answer is written (-1)
  std::function<void(const Answered&)> answered;
  std::shared_ptr<boost::asio::ssl::context> tls;  // null: plain text
  RandomStream traces;
  RateLimiter requests;
  RateLimiter strangers;
  std::map<std::string, std::size_t> streams = {};  // open now, by client_name()
  std::uint64_t bodies = 0;                         // bytes set aside for bodies
  bool draining = false;
};

// By whom requests are counted: who it is, or where a stranger comes from.
[[nodiscard]] std::string client_name(const std::string& who, const std::string& peer);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  using Socket = Transport::Socket;

  Connection(Socket socket, Workplace& place);

  void start();
  // There are too many already: says so and ends.
  void turn_away();
  // Ends what is over its time.
  void sweep(Duration now);
  // No further requests: ends now, or after the answer that is on its way.
  void drain();
  // Ends at once.
  void cut();

 private:
  enum class State { kHandshake, kIdle, kHead, kBody, kHandling, kWriting, kLingering, kClosed };

  void enter(State state, std::optional<Duration> time);
  [[nodiscard]] bool is(State state) const { return state_ == state; }

  // Reading.
  void shake_hands();
  void next_request();
  void read_head();
  void on_head(const boost::system::error_code& error);
  void admit(Admission admission);
  void read_body();
  void on_body(const boost::system::error_code& error);
  void refuse(Refusal refusal);
  [[nodiscard]] std::optional<Refusal> over_rate(const Request& request);
  void dispatch();
  void watch();
  void on_watched(const boost::system::error_code& error, std::size_t bytes);

  // Writing.
  void pump();
  void encode(Response response);
  void write_answer(Response response);
  void begin_stream(Response head);
  void write_out();
  void after_write();
  void read_file();
  void finish_answer();
  void release();
  void linger();
  void end_tls();
  void discard();

  // What is told of the request (connection_record.cpp).
  void begin_record(const Request& request, const Route* route);
  void end_record();
  [[nodiscard]] Response problem(int status, const Error& error) const;
  [[nodiscard]] Response too_many(const std::string& what, Duration wait) const;
  [[nodiscard]] Response hold_up_strangers(Response response);
  [[nodiscard]] bool take_stream();
  void give_stream();
  [[nodiscard]] bool still_allowed();

  Transport transport_;
  Workplace& place_;
  std::string peer_;
  State state_ = State::kIdle;
  std::optional<Duration> deadline_;
  Duration began_{0};               // the request, by the monotonic clock
  std::optional<Answered> record_;  // of the request that is being answered
  std::string stream_of_;           // whose stream it is that is open here
  std::function<bool()> holds_;     // whether who asked still may
  Duration held_at_{0};             // when that was asked last, by the monotonic clock

  boost::beast::flat_buffer buffer_;
  std::optional<boost::beast::http::request_parser<TextBody>> parser_;
  std::optional<Admission> admission_;
  std::uint64_t set_aside_ = 0;  // of Workplace::bodies
  bool busy_ = false;
  bool close_after_ = false;
  bool only_head_ = false;
  bool packs_ = false;  // the client takes gzip
  bool old_version_ = false;
  bool watching_ = false;
  bool half_closed_ = false;  // the client sends nothing more
  bool resume_ = false;       // the next request waits for the end of watching

  std::shared_ptr<Outbox> outbox_;
  std::string out_;
  std::size_t out_done_ = 0;
  std::size_t out_of_stream_ = 0;  // bytes of the outbox in it
  bool writing_ = false;
  bool streaming_ = false;
  bool complete_ = false;  // nothing follows `out_`
  std::optional<FileSlice> file_;
  std::array<char, 4096> discarded_;
};

}  // namespace cairn::http
