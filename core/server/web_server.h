// WebServer: an engine over HTTP: its API, its page, who may use them and what is written down of
// that.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/server/api/http_door.h"
#include "core/server/engine_process.h"
#include "core/server/security/door.h"

namespace cairn {

struct WebOptions {
  DoorOptions door;
  fs::path state_dir;
  fs::path access_log;  // empty: none
  std::string version;
  // "index.html", "assets/...".
  std::function<std::optional<api::PageFile>(std::string_view path)> find_page;
};

class WebServer {
 public:
  // Listens when it returns. engine and clock outlive it. Errors: those of check_door_options,
  // make_or_read_token, AccessTokens::open, AuditLog::open, AccessLog::open and
  // http::Server::start.
  [[nodiscard]] static Result<std::unique_ptr<WebServer>> start(EngineProcess& engine,
                                                                WebOptions options,
                                                                const Clock& clock);
  // Ends streams, and waits a moment for answers on their way.
  virtual ~WebServer() = default;

  // "http://127.0.0.1:7717"
  [[nodiscard]] virtual std::string url() = 0;
  // To be called about once a minute.
  virtual void look_after() = 0;
};

}  // namespace cairn
