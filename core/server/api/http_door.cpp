#include "core/server/api/http_door.h"

#include <cctype>
#include <charconv>
#include <random>

#include "core/base/digest.h"
#include "core/base/hex.h"
#include "core/http/problem.h"
#include "core/http/range.h"
#include "core/http/sse.h"
#include "core/http/trace.h"
#include "core/server/api/binding.h"
#include "core/server/api/openapi.h"

namespace cairn::api {
namespace {

using http::Answer;
using http::Request;
using http::Response;

constexpr int kUnprocessable = 422;
constexpr std::size_t kTagDigits = 32;

// Bytes of JSON, or nothing new where the client has them.
Response with_tag(const Request& request, Response response) {
  const std::string digest = digest_of(std::get<std::string>(response.body));
  const std::string tag = "\"" + digest.substr(digest.size() - kTagDigits) + "\"";
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", "private, no-cache");
  const auto known = request.headers.find("If-None-Match");
  if (!known || !http::names_tag(*known, tag)) return response;
  response.status = 304;
  response.body = std::string();
  return response;
}

std::string_view idempotency_key(const Request& request) {
  return request.headers.find("Idempotency-Key").value_or("");
}

std::variant<std::unique_ptr<google::protobuf::Message>, BadInput> bind_request(
    const MethodSchema& method, const Request& request) {
  return bind(method,
              {request.values, request.target.query, request.body, idempotency_key(request)});
}

Answer answer_document(Api& api, const MethodSchema& method, const Request& request) {
  auto bound = bind_request(method, request);
  if (const auto* bad = std::get_if<BadInput>(&bound)) return to_response(*bad);
  const auto& message = *std::get<std::unique_ptr<google::protobuf::Message>>(bound);
  return to_response(
      method, request,
      api.call(method.name, message, Caller{request.who, http::to_traceparent(request.trace)}));
}

bool accepts(const Request& request, std::string_view media_type) {
  const auto accepted = request.headers.find("Accept");
  return accepted && accepted->find(media_type) != std::string_view::npos;
}

// Last-Event-ID goes before `after`.
Result<std::optional<std::uint64_t>> last_event(const Request& request,
                                                const v1::EventsRequest& message) {
  const auto header = request.headers.find("Last-Event-ID");
  if (!header) {
    return message.has_after() ? std::optional(message.after()) : std::nullopt;
  }
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(header->data(), header->data() + header->size(), id);
  if (error != std::errc() || end != header->data() + header->size())
    return invalid_argument("Last-Event-ID is no id of an event",
                            "leave it out, and read the documents first");
  return std::optional(id);
}

Answer answer_events(Api& api, EventHub& hub, const MethodSchema& method, const Request& request) {
  auto bound = bind_request(method, request);
  if (const auto* bad = std::get_if<BadInput>(&bound)) return to_response(*bad);
  const auto& message = *google::protobuf::DynamicCastToGenerated<v1::EventsRequest>(
      std::get<std::unique_ptr<google::protobuf::Message>>(bound).get());
  Listening wish;
  const auto refuse = [](const Error& error) { return http::problem_response(error); };
  auto topics = parse_topics(message.topics());
  if (!topics.ok()) return refuse(topics.error());
  wish.topics = *topics;
  const auto after = last_event(request, message);
  if (!after.ok()) return refuse(after.error());
  wish.after = *after;
  if (!message.run().empty()) {
    const auto run = api.runs().resolve(message.run());
    if (!run.ok()) return refuse(run.error());
    wish.run = *run;
  }
  wish.lines = accepts(request, "application/x-ndjson");
  Response head = http::event_stream_head();
  if (wish.lines) head.headers.set("Content-Type", "application/x-ndjson");
  return http::Later([&hub, wish = std::move(wish),
                      head = std::move(head)](const std::shared_ptr<http::Exchange>& exchange) {
    hub.listen(wish, exchange->stream(head));
  });
}

std::string make_nonce() {
  std::random_device device;
  std::string bytes;
  for (int i = 0; i < 4; ++i) {
    const std::uint32_t word = device();
    bytes.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  return hex_of(bytes);
}

// Lines or points as they are written.
Answer answer_tail(TailHub& tails, const MethodSchema& method, const Request& request) {
  auto bound = bind_request(method, request);
  if (const auto* bad = std::get_if<BadInput>(&bound)) return to_response(*bad);
  const auto* message = std::get<std::unique_ptr<google::protobuf::Message>>(bound).get();
  TailWish wish;
  std::string cursor(request.headers.find("Last-Event-ID").value_or(""));
  if (const auto* log = google::protobuf::DynamicCastToGenerated<v1::ReadLogRequest>(message)) {
    wish.run = log->run();
    wish.stage = log->stage();
    wish.what = log->source() == "output" ? TailWish::What::kOutput : TailWish::What::kLog;
    wish.from.attempt = log->attempt();
    if (cursor.empty()) cursor = log->cursor();
  } else {
    const auto* metrics = google::protobuf::DynamicCastToGenerated<v1::ListMetricsRequest>(message);
    wish.run = metrics->run();
    wish.stage = metrics->stage();
    wish.what = TailWish::What::kMetrics;
  }
  if (!cursor.empty()) {
    const auto from = parse_cursor(cursor);
    if (!from.ok()) return http::problem_response(from.error());
    wish.from = *from;
  }
  // What is not there is told before the stream begins.
  if (const auto place = tails.look(wish); !place.ok())
    return http::problem_response(place.error());
  return http::Later(
      [&tails, wish = std::move(wish)](const std::shared_ptr<http::Exchange>& exchange) {
        tails.listen(wish, exchange->stream(http::event_stream_head()));
      });
}

struct NamedFile {
  OpenFile file;
  std::string content;  // equal where the bytes are; empty: they may change
  std::string name;     // under which a browser keeps it
};

Result<NamedFile> named(Result<OpenFile> file, std::string content, std::string name) {
  if (!file.ok()) return file.error();
  return NamedFile{std::move(file).value(), std::move(content), std::move(name)};
}

// Letters that are safe in any file name and header; the last part of a path alone.
std::string safe_name(const std::string& name) {
  std::string safe;
  for (const char letter : name.substr(name.rfind('/') + 1)) {
    const auto byte = static_cast<unsigned char>(letter);
    const bool fair = byte < 0x80 && (std::isalnum(byte) != 0 || letter == '.' || letter == '-');
    safe += fair ? letter : '_';
  }
  return safe.empty() || safe.front() == '.' ? "file" + safe : safe;
}

// Kept, never shown: whatever a stage wrote is no document of this origin.
template <typename Message, typename Open>
Answer answer_bytes(const MethodSchema& method, const Request& request, const Open& open) {
  auto bound = bind_request(method, request);
  if (const auto* bad = std::get_if<BadInput>(&bound)) return to_response(*bad);
  auto opened = open(*google::protobuf::DynamicCastToGenerated<Message>(
      std::get<std::unique_ptr<google::protobuf::Message>>(bound).get()));
  if (!opened.ok()) return http::problem_response(opened.error());
  const std::string content =
      opened->content.empty() ? make_nonce() : digest_of(opened->content).substr(0, kTagDigits);
  const http::FileSlice slice{std::make_shared<const Fd>(std::move(opened->file.fd)), 0,
                              opened->file.size};
  Response response =
      http::file_response(request, slice, "\"" + content + "\"", "application/octet-stream");
  response.headers.set("Content-Disposition",
                       "attachment; filename=\"" + safe_name(opened->name) + "\"");
  response.headers.set("Content-Security-Policy", "sandbox; default-src 'none'");
  response.headers.set("Cache-Control", "private, no-cache");
  return response;
}

Response text_response(int status, std::string text) {
  return {status, {{"Content-Type", "text/plain; charset=utf-8"}}, std::move(text)};
}

// The page's first document; its nonce is made for each answer.
Response index_response(const PageFile& file) {
  constexpr std::string_view kPlace = "__CSP_NONCE__";
  const std::string nonce = make_nonce();
  std::string html(file.bytes);
  for (std::size_t at = html.find(kPlace); at != std::string::npos; at = html.find(kPlace, at))
    html.replace(at, kPlace.size(), nonce);
  return {200,
          {{"Content-Type", "text/html; charset=utf-8"},
           {"Cache-Control", "no-cache"},
           {"Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-" + nonce +
                "'; img-src 'self' data:; font-src 'self'; connect-src 'self'; worker-src 'self'; "
                "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"}},
          std::move(html)};
}

Response asset_response(const Request& request, const PageFile& file) {
  Response response{200,
                    {{"Content-Type", std::string(file.media_type)},
                     {"Cache-Control", "public, max-age=31536000, immutable"},
                     {"Vary", "Accept-Encoding"}},
                    std::string()};
  const auto encodings = request.headers.find("Accept-Encoding");
  const bool gzip =
      !file.gzip.empty() && encodings && encodings->find("gzip") != std::string_view::npos;
  if (gzip) response.headers.set("Content-Encoding", "gzip");
  response.body = std::string(gzip ? file.gzip : file.bytes);
  return response;
}

class Door final : public HttpDoor {
 public:
  Door(Api& api, EventHub& hub, TailHub& tails, HttpDoorOptions options)
      : api_(api), hub_(hub), tails_(tails), options_(std::move(options)) {}

  Result<void> listen(const Clock& clock) {
    CAIRN_ASSIGN(auto router, http::Router::create(routes(), http::Access::role("viewer")));
    if (missing_) return *missing_;
    CAIRN_ASSIGN(server_,
                 http::Server::start(options_.server, std::move(router), options_.access, clock));
    return {};
  }

  http::Server& server() override { return *server_; }

 private:
  http::Handler handler_of(const MethodSchema& method) {
    if (const auto found = options_.session.find(method.name); found != options_.session.end())
      return found->second;
    if (method.name == "GetOpenapi") {
      return [document = json::serialize(openapi_document())](const Request& request) -> Answer {
        return with_tag(request, {200, {{"Content-Type", "application/json"}}, document});
      };
    }
    if (method.name == "Events") {
      return [this, &method](const Request& request) {
        return answer_events(api_, hub_, method, request);
      };
    }
    if (method.name == "ReadArtifact") {
      return [this, &method](const Request& request) {
        return answer_bytes<v1::ReadArtifactRequest>(
            method, request, [this](const v1::ReadArtifactRequest& wish) {
              // Its name is all of its content.
              return named(api_.open_file(wish), wish.digest() + wish.file(),
                           wish.file().empty() ? wish.digest() : wish.file());
            });
      };
    }
    if (method.name == "DownloadLog") {
      return [this, &method](const Request& request) {
        return answer_bytes<v1::DownloadLogRequest>(
            method, request, [this](const v1::DownloadLogRequest& wish) {
              return named(api_.open_log_file(wish), "", wish.stage() + "-log.txt");
            });
      };
    }
    if (!Api::knows(method.name)) return {};
    if (method.name == "ReadLog" || method.name == "ListMetrics") {
      return [this, &method](const Request& request) {
        return accepts(request, "text/event-stream") ? answer_tail(tails_, method, request)
                                                     : answer_document(api_, method, request);
      };
    }
    return
        [this, &method](const Request& request) { return answer_document(api_, method, request); };
  }

  std::vector<http::Route> routes() {
    std::vector<http::Route> routes;
    for (const MethodSchema& method : methods()) {
      http::Handler handler = handler_of(method);
      if (!handler) {
        missing_ = internal_error("the method " + method.name + " has no handler");
        continue;
      }
      routes.push_back({method.method, kPrefix + method.path, method.access(), std::move(handler)});
    }
    add_page(routes);
    add_health(routes);
    return routes;
  }

  void add_page(std::vector<http::Route>& routes) {
    routes.push_back({http::Method::kGet, "/", http::Access::open(), [this](const Request&) {
                        const auto index = options_.find_page("index.html");
                        return index ? index_response(*index)
                                     : text_response(200,
                                                     "Cairn was built without its page; its API "
                                                     "is below /api/v1\n");
                      }});
    routes.push_back({http::Method::kGet, "/assets/{name...}", http::Access::open(),
                      [this](const Request& request) -> Answer {
                        const auto file = options_.find_page("assets/" + request.value("name"));
                        if (file) return asset_response(request, *file);
                        return http::problem_response(not_found("the page has no such file"));
                      }});
  }

  void add_health(std::vector<http::Route>& routes) {
    routes.push_back({http::Method::kGet, "/healthz", http::Access::open(),
                      [](const Request&) { return text_response(200, "ok\n"); }});
    routes.push_back({http::Method::kGet, "/readyz", http::Access::open(), [this](const Request&) {
                        return options_.not_ready() ? text_response(503, "not ready\n")
                                                    : text_response(200, "ok\n");
                      }});
    routes.push_back({http::Method::kGet, "/metrics", http::Access::role("viewer"),
                      [this](const Request&) -> Answer {
                        return Response{200,
                                        {{"Content-Type",
                                          "application/openmetrics-text; version=1.0.0; "
                                          "charset=utf-8"}},
                                        options_.metrics()};
                      }});
  }

  Api& api_;
  EventHub& hub_;
  TailHub& tails_;
  HttpDoorOptions options_;
  std::optional<Error> missing_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace

Response to_response(const BadInput& bad) {
  json::object place{{"pointer", bad.pointer}, {"message", bad.error.message}};
  if (!bad.error.hint.empty()) place["hint"] = bad.error.hint;
  return http::problem_response(http::status_of(bad.error.code), bad.error,
                                json::array{std::move(place)});
}

Response to_response(const MethodSchema& method, const Request& request, Outcome outcome) {
  if (auto* failure = std::get_if<Failure>(&outcome)) {
    const int status =
        failure->unprocessable ? kUnprocessable : http::status_of(failure->error.code);
    return http::problem_response(status, failure->error, std::move(failure->places));
  }
  Response response = http::json_response(method.status, std::get<json::object>(outcome));
  return http::is_safe(method.method) ? with_tag(request, std::move(response)) : response;
}

Result<std::unique_ptr<HttpDoor>> HttpDoor::open(Api& api, EventHub& hub, TailHub& tails,
                                                 HttpDoorOptions options, const Clock& clock) {
  auto door = std::make_unique<Door>(api, hub, tails, std::move(options));
  CAIRN_TRY(door->listen(clock));
  return std::unique_ptr<HttpDoor>(std::move(door));
}

}  // namespace cairn::api
