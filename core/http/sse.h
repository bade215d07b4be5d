// Server-sent events as bytes of a Stream.
#pragma once

#include <string>
#include <string_view>

#include "core/http/message.h"

namespace cairn::http {

struct Event {
  std::string data;  // any text; each of its lines becomes one of the event
  std::string id;    // without line ends and NUL, for Last-Event-ID; empty: none
  std::string name;  // without line ends; empty: "message"
};

[[nodiscard]] std::string to_bytes(const Event& event);
// A comment that clients ignore: keeps the connection, and finds out whether anybody is there.
inline constexpr std::string_view kPing = ": ping\n\n";

// The head of an answer of events.
[[nodiscard]] Response event_stream_head();

}  // namespace cairn::http
