// From an HTTP request to the message of a method: parts of the path, parameters of the query and
// members of the JSON body become fields. Pure.
//
// Input is taken strictly: what the request's message does not have, what is given twice, what has
// another type or lies outside the limits of schemas/http.proto is refused, with the place.
#pragma once

#include <google/protobuf/message.h>

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"
#include "core/server/api/method.h"

namespace cairn::api {

struct BadInput {
  Error error;
  std::string pointer;  // JSON pointer into the body, or "query/NAME" or "path/NAME"
};

using Values = std::vector<std::pair<std::string, std::string>>;

struct Input {
  const Values& path;
  const Values& query;
  std::string_view body;             // empty: none
  std::string_view idempotency_key;  // becomes the field `request_id`; empty: none
};

[[nodiscard]] std::variant<std::unique_ptr<google::protobuf::Message>, BadInput> bind(
    const MethodSchema& method, const Input& input);

}  // namespace cairn::api
