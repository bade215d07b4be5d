// The OpenAPI 3.1 document of the API, made from schemas/*.proto and nothing else. Pure.
#pragma once

#include <google/protobuf/descriptor.h>

#include "core/base/json.h"

namespace cairn::api {

// The same bytes for the same schemas, whatever the server.
[[nodiscard]] json::object openapi_document();

// JSON Schema of a message of schemas/documents.proto; messages in it are "$ref"s into
// "#/components/schemas/".
[[nodiscard]] json::object message_schema(const google::protobuf::Descriptor& message);

}  // namespace cairn::api
