// The methods of the API as schemas/control.proto and session.proto declare them: which request
// goes where, and who may make it. The routes, the binding of requests and the OpenAPI document all
// read this one table.
#pragma once

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <string>
#include <vector>

#include "core/http/message.h"
#include "core/http/router.h"
#include "schemas/http.pb.h"

namespace cairn::api {

inline constexpr const char* kPrefix = "/api/v1";

struct MethodSchema {
  std::string name;     // "GetStage"
  std::string service;  // "Control"
  http::Method method = http::Method::kGet;
  std::string path;    // below the prefix: "/runs/{run}/stages/{stage}"
  std::string role;    // "viewer", "admin" or "open"
  std::string answer;  // message of schemas/documents.proto; empty: no JSON
  std::string media_type = "application/json";
  std::string group;  // for readers: "runs"
  int status = 200;
  bool streams = false;
  const google::protobuf::Descriptor* request = nullptr;

  [[nodiscard]] http::Access access() const {
    return role == "open" ? http::Access::open() : http::Access::role(role);
  }
};

// Every method that has a route. A method whose role is none of the three is a defect, and ends the
// process at start.
[[nodiscard]] const std::vector<MethodSchema>& methods();
[[nodiscard]] const MethodSchema* find_method(std::string_view name);

// The {names} in a path.
[[nodiscard]] std::vector<std::string> path_fields(const std::string& path);

// Options of a field; the default ones where it has none.
[[nodiscard]] const v1::JsonField& json_options(const google::protobuf::FieldDescriptor& field);

// The .proto files with their comments, as protoc read them.
[[nodiscard]] const google::protobuf::DescriptorPool& commented_pool();

}  // namespace cairn::api
