// What a method of the API gives back.
#pragma once

#include <string>
#include <utility>
#include <variant>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/workflow/diagnostics.h"

namespace cairn::api {

// On whose behalf a method is called.
struct Caller {
  std::string who = "local";  // label of the token; "local": by the engine's own socket
  std::string traceparent;    // W3C Trace Context of the call; empty: none
};

struct Failure {
  Failure(Error reason) : error(std::move(reason)) {}  // so that CAIRN_TRY returns one
  // Of a workflow with errors: all of them.
  explicit Failure(const Diagnostics& diagnostics);

  Error error;
  // The request is well formed and cannot be what is meant: a workflow that is wrong, a key of
  // another request.
  bool unprocessable = false;
  json::array places;  // as RFC 9457 problems carry them in "errors"
};

using Outcome = std::variant<json::object, Failure>;

[[nodiscard]] inline Outcome outcome(Result<json::object> result) {
  if (!result.ok()) return Failure(std::move(result).error());
  return std::move(result).value();
}

}  // namespace cairn::api
