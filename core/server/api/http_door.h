// HttpDoor: the API over HTTP, with the page. Routes come from schemas/*.proto; a method without a
// handler, or a handler without a method, is an error at start.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/server.h"
#include "core/server/api/api.h"
#include "core/server/api/binding.h"
#include "core/server/api/event_hub.h"
#include "core/server/api/tail_hub.h"

namespace cairn::api {

// A file of the built page.
struct PageFile {
  std::string_view bytes;
  std::string_view gzip;  // the same compressed; empty: it is not smaller
  std::string_view media_type;
  std::string_view tag;  // of its content
};

struct HttpDoorOptions {
  http::ServerOptions server;
  http::AccessCheck access;
  // "index.html", "assets/...".
  std::function<std::optional<PageFile>(std::string_view path)> find_page;
  // Of the methods of schemas/session.proto, by name.
  std::map<std::string, http::Handler> session;
  // OpenMetrics text.
  std::function<std::string()> metrics;
  // Nothing: ready. Otherwise why not.
  std::function<std::optional<std::string>()> not_ready;
};

class HttpDoor {
 public:
  // Listens when it returns. All outlive it.
  [[nodiscard]] static Result<std::unique_ptr<HttpDoor>> open(Api& api, EventHub& hub,
                                                              TailHub& tails,
                                                              HttpDoorOptions options,
                                                              const Clock& clock);
  virtual ~HttpDoor() = default;

  [[nodiscard]] virtual http::Server& server() = 0;
};

// The answer to a method with a document, as HTTP sees it.
[[nodiscard]] http::Response to_response(const MethodSchema& method, const http::Request& request,
                                         Outcome outcome);
[[nodiscard]] http::Response to_response(const BadInput& bad);

}  // namespace cairn::api
