// What is asked and what is answered, as plain values: nothing here knows a socket.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/fd.h"
#include "core/base/json.h"
#include "core/http/target.h"

namespace cairn::http {

enum class Method { kGet, kHead, kPost, kPut, kPatch, kDelete, kOptions };

[[nodiscard]] const char* to_string(Method method);
// By its exact name; methods are case-sensitive.
[[nodiscard]] std::optional<Method> parse_method(std::string_view name);
// Reads only: GET, HEAD, OPTIONS.
[[nodiscard]] bool is_safe(Method method);

// Header fields in the order they came. Names are compared without regard to case.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  void add(std::string name, std::string value);
  // Instead of all of that name.
  void set(std::string name, std::string value);
  // The first of that name.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const;
  [[nodiscard]] std::size_t count(std::string_view name) const;
  [[nodiscard]] const std::vector<Field>& fields() const { return fields_; }

 private:
  std::vector<Field> fields_;
};

// ASCII only, as names of hosts and fields are compared.
[[nodiscard]] bool same_ignoring_case(std::string_view one, std::string_view other);
[[nodiscard]] std::string lower_case(std::string_view text);

// Where a request stands in a trace (trace.h); ids in lower-case hexadecimal.
struct Trace {
  std::string trace_id;   // 32 digits
  std::string parent_id;  // 16 digits: the client's span; empty where the client named none
  std::string span_id;    // 16 digits: this request
  bool sampled = false;
};

struct Request {
  Method method = Method::kGet;
  Target target;
  Headers headers;
  std::string body;
  // Of the {parts} of the route's pattern, in their order.
  std::vector<std::pair<std::string, std::string>> values;
  std::string who;   // as the access check recognised; empty on open routes
  std::string role;  // that the access check found; empty on open routes
  // Whether that still holds: asked again while a stream is sent, whose client may lose its right
  // meanwhile. Empty: for ever.
  std::function<bool()> holds;
  std::string peer;  // address of the client
  Trace trace;

  // Of a {part}; empty where the pattern has none of that name.
  [[nodiscard]] const std::string& value(std::string_view name) const;
};

// A part of an open file, read as it is sent.
struct FileSlice {
  std::shared_ptr<const Fd> file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

struct Response {
  int status = 200;
  // Content-Length, Connection, Date and the security headers are added when it is sent (wire.h).
  Headers headers;
  std::variant<std::string, FileSlice> body;
  // Who asked, where the handler found out (signing in); empty: Request::who. It is not sent.
  std::string who = {};
};

[[nodiscard]] Response json_response(int status, const json::value& body);
// "Not Found" for 404; "Unknown" for what has no name here.
[[nodiscard]] const char* reason_phrase(int status);

}  // namespace cairn::http
