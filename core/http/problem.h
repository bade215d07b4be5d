// Errors as answers: RFC 9457 problems.
#pragma once

#include "core/base/result.h"
#include "core/http/message.h"

namespace cairn::http {

// 400 for kInvalidArgument, 404 for kNotFound, ... ; 500 for what is the server's own fault.
[[nodiscard]] int status_of(ErrorCode code);

// application/problem+json: "type" (urn:cairn:problem:STATUS-NAME), "title", "status", "detail",
// "code" (to_string of the error's), "hint" where there is one, and "errors" with one entry of
// "file", "line", "column" where the error has a place.
// places: the "errors", instead of the error's own place.
[[nodiscard]] Response problem_response(int status, const Error& error, json::array places = {});
// The same problem with a last member "trace_id"; answers of another media type stay as they are.
[[nodiscard]] Response with_trace(Response response, const std::string& trace_id);
// With status_of its code.
[[nodiscard]] Response problem_response(const Error& error);

}  // namespace cairn::http
