// What is told of a connection's requests, and what one client may have at once.
#include <spdlog/spdlog.h>

#include "core/http/connection.h"
#include "core/http/problem.h"

namespace cairn::http {
namespace {

// How long a stream goes on before its client's right to it is looked at again.
constexpr Duration kHeldFor{1'000};

}  // namespace

std::string client_name(const std::string& who, const std::string& peer) {
  return who.empty() ? "at " + rate_name(peer) : "who " + who;
}

void Connection::begin_record(const Request& request, const Route* route) {
  record_.emplace();
  // A request that was not read as far as its method is of none.
  record_->method =
      route != nullptr || !request.target.path.empty() ? to_string(request.method) : "OTHER";
  if (route != nullptr) record_->pattern = route->pattern;
  record_->values = request.values;
  record_->who = request.who;
  record_->role = request.role;
  record_->peer = request.peer;
  record_->trace_id = request.trace.trace_id;
  holds_ = request.holds;
  held_at_ = began_;
}

void Connection::end_record() {
  give_stream();
  if (!record_) return;
  record_->time = place_.clock.monotonic() - began_;
  place_.answered(*record_);
  record_.reset();
}

Response Connection::problem(int status, const Error& error) const {
  Response response = place_.errors(status, error);
  if (!record_ || record_->trace_id.empty()) return response;
  return with_trace(std::move(response), record_->trace_id);
}

Response Connection::too_many(const std::string& what, Duration wait) const {
  Response response = problem(429, make_error(ErrorCode::kResourceExhausted, what));
  response.headers.add("Retry-After", retry_after(wait));
  return response;
}

Response Connection::hold_up_strangers(Response response) {
  if (response.status != 401) return response;
  const auto wait = place_.strangers.take(rate_name(record_->peer), place_.clock.monotonic());
  if (!wait) return response;
  return too_many("too many requests without a token that is known", *wait);
}

bool Connection::take_stream() {
  const std::size_t most = place_.gate.limits.streams_per_client;
  const std::string name = client_name(record_->who, record_->peer);
  std::size_t& open = place_.streams[name];
  if (most != 0 && open >= most) return false;
  ++open;
  stream_of_ = name;
  return true;
}

bool Connection::still_allowed() {
  const Duration now = place_.clock.monotonic();
  if (!holds_ || now - held_at_ < kHeldFor) return true;
  held_at_ = now;
  return holds_();
}

void Connection::give_stream() {
  if (stream_of_.empty()) return;
  const auto found = place_.streams.find(stream_of_);
  if (found != place_.streams.end() && --found->second == 0) place_.streams.erase(found);
  stream_of_.clear();
}

}  // namespace cairn::http
