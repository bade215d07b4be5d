#include "tests/e2e/web.h"

#include <fstream>
#include <sstream>

#include "core/base/text.h"

namespace cairn::e2e {
namespace {

constexpr const char* kApi = "/api/v1";

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

}  // namespace

Web::Web(const Place& place, std::vector<std::string> options) {
  options.insert(options.begin(), {"serve", "--http", "127.0.0.1:0", "-o", "json"});
  process_ = std::make_unique<Running>(place, options);
  const auto ready = parse_json_object(await_line(*process_));
  if (!ready.ok()) {
    ADD_FAILURE() << "the server does not start: " << process_->err();
    return;
  }
  const std::string url(ready->at("http").as_string());
  port_ = static_cast<std::uint16_t>(std::stoi(url.substr(url.rfind(':') + 1)));
  token_ = std::string(trim(read_file(place.state() / "token")));
}

Reply Web::ask(const std::string& line, const std::string& headers, const std::string& body) const {
  http::Client client(port_);
  client.ask(line, headers + "Connection: close\r\n", body);
  return client.reply(line.starts_with("HEAD "));
}

Reply Web::get(const std::string& path, const std::string& headers) const {
  return ask("GET " + path, bearer() + headers);
}

Reply Web::post(const std::string& path, const json::value& body,
                const std::string& headers) const {
  const std::string text = json::serialize(body);
  return ask("POST " + path,
             bearer() + "Content-Type: application/json\r\nContent-Length: " +
                 std::to_string(text.size()) + "\r\n" + headers,
             text);
}

json::object Web::document(const std::string& path) const {
  const Reply reply = get(kApi + path);
  EXPECT_EQ(reply.status, 200) << path << ": " << reply.body;
  auto document = parse_json_object(reply.body);
  EXPECT_TRUE(document.ok()) << path;
  return document.ok() ? std::move(*document) : json::object();
}

std::string Web::submit(const std::string& workflow) const {
  const Reply reply = post(std::string(kApi) + "/runs", json::object{{"workflow", workflow}});
  EXPECT_EQ(reply.status, 201) << reply.body;
  const auto started = parse_json_object(reply.body);
  return started.ok() && started->contains("id") ? std::string(started->at("id").as_string())
                                                 : std::string();
}

json::object Web::await(const std::string& run) const {
  json::object document;
  EXPECT_TRUE(wait_until([&] {
    document = this->document("/runs/" + run);
    const json::value* finished = document.if_contains("finished_at");
    return finished != nullptr && !finished->is_null();
  }));
  return document;
}

EventReader::EventReader(const Web& web, const std::string& path, const std::string& after)
    : client_(web.port()) {
  client_.ask("GET " + path, web.bearer() + "Accept: text/event-stream\r\n" +
                                 (after.empty() ? "" : "Last-Event-ID: " + after + "\r\n"));
  const std::string head = client_.head();
  status_ = head.size() > 12 ? std::stoi(head.substr(9, 3)) : 0;
}

std::optional<StreamEvent> EventReader::next() {
  for (;;) {
    std::size_t end = 0;
    while ((end = buffer_.find("\n\n")) == std::string::npos) {
      const std::string chunk = client_.chunk();
      if (chunk.empty()) return std::nullopt;
      buffer_ += chunk;
    }
    std::istringstream block(buffer_.substr(0, end));
    buffer_.erase(0, end + 2);
    StreamEvent event;
    std::string data;
    for (std::string line; std::getline(block, line);) {
      if (line.starts_with("id: ")) event.id = line.substr(4);
      if (line.starts_with("event: ")) event.name = line.substr(7);
      if (line.starts_with("data: ")) data += line.substr(6);
    }
    if (data.empty()) continue;
    auto parsed = parse_json_object(data);
    EXPECT_TRUE(parsed.ok()) << data;
    if (parsed.ok()) event.data = std::move(*parsed);
    return event;
  }
}

}  // namespace cairn::e2e
