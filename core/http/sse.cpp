#include "core/http/sse.h"

#include <algorithm>

namespace cairn::http {
namespace {

// A field must stay one line, whatever it holds.
void add_field(std::string& bytes, const char* name, std::string value) {
  if (value.empty()) return;
  std::erase_if(value, [](char c) { return c == '\n' || c == '\r' || c == '\0'; });
  bytes += std::string(name) + ": " + value + "\n";
}

}  // namespace

std::string to_bytes(const Event& event) {
  std::string bytes;
  add_field(bytes, "id", event.id);
  add_field(bytes, "event", event.name);
  std::size_t at = 0;
  for (;;) {
    const std::size_t end = event.data.find_first_of("\r\n", at);
    bytes += "data: " + event.data.substr(at, end == std::string::npos ? end : end - at) + "\n";
    if (end == std::string::npos) break;
    at = end + (event.data.compare(end, 2, "\r\n") == 0 ? 2 : 1);
  }
  return bytes + "\n";
}

Response event_stream_head() {
  return {200, {{"Content-Type", "text/event-stream"}, {"X-Accel-Buffering", "no"}}, ""};
}

}  // namespace cairn::http
