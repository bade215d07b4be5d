#include "core/http/problem.h"

#include <algorithm>

namespace cairn::http {

int status_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return 400;
    case ErrorCode::kNotFound:
      return 404;
    case ErrorCode::kConflict:
      return 409;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

Response problem_response(int status, const Error& error, json::array places) {
  std::string name = lower_case(reason_phrase(status));
  std::ranges::replace(name, ' ', '-');
  json::object body{{"type", "urn:cairn:problem:" + name},
                    {"title", reason_phrase(status)},
                    {"status", status},
                    {"detail", error.message},
                    {"code", to_string(error.code)}};
  if (!error.hint.empty()) body["hint"] = error.hint;
  if (!places.empty()) {
    body["errors"] = std::move(places);
  } else if (error.where) {
    body["errors"] = json::array{json::object{{"file", error.where->file},
                                              {"line", error.where->line},
                                              {"column", error.where->column},
                                              {"message", error.message}}};
  }
  return {status, {{"Content-Type", "application/problem+json"}}, json::serialize(body)};
}

Response with_trace(Response response, const std::string& trace_id) {
  auto* body = std::get_if<std::string>(&response.body);
  if (body == nullptr || response.headers.find("Content-Type") != "application/problem+json")
    return response;
  auto problem = parse_json_object(*body);
  if (!problem.ok()) return response;
  (*problem)["trace_id"] = trace_id;
  *body = json::serialize(*problem);
  return response;
}

Response problem_response(const Error& error) {
  return problem_response(status_of(error.code), error);
}

}  // namespace cairn::http
