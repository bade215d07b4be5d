// `cairn serve` as its clients see it over HTTP.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/e2e/cairn_process.h"
#include "tests/unit/http/client.h"

namespace cairn::e2e {

using http::Reply;

// Several may follow each other on one place, also after a kill.
class Web {
 public:
  explicit Web(const Place& place, std::vector<std::string> options = {});

  [[nodiscard]] Running& process() { return *process_; }
  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const std::string& token() const { return token_; }

  // path: below the host. Asks as the admin; `headers` are whole lines.
  [[nodiscard]] Reply get(const std::string& path, const std::string& headers = {}) const;
  [[nodiscard]] Reply post(const std::string& path, const json::value& body,
                           const std::string& headers = {}) const;
  // Any request, with no header but Host and these.
  [[nodiscard]] Reply ask(const std::string& line, const std::string& headers,
                          const std::string& body = {}) const;
  // The document of GET /api/v1 + path, which must be there.
  [[nodiscard]] json::object document(const std::string& path) const;
  // The id of the run that a workflow's text started.
  [[nodiscard]] std::string submit(const std::string& workflow) const;
  // Waits until the run has ended; its document.
  [[nodiscard]] json::object await(const std::string& run) const;
  [[nodiscard]] std::string bearer() const { return "Authorization: Bearer " + token_ + "\r\n"; }

 private:
  std::unique_ptr<Running> process_;
  std::uint16_t port_ = 0;
  std::string token_;
};

// Server-sent events of one connection, read one by one.
struct StreamEvent {
  std::string id;
  std::string name;
  json::object data;
};
class EventReader {
 public:
  // after: the id of the last event that the client has; empty: none.
  EventReader(const Web& web, const std::string& path, const std::string& after = {});
  // The next one; nothing where the stream ended.
  [[nodiscard]] std::optional<StreamEvent> next();
  [[nodiscard]] int status() const { return status_; }

 private:
  http::Client client_;
  int status_ = 0;
  std::string buffer_;
};

}  // namespace cairn::e2e
