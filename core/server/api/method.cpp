#include "core/server/api/method.h"

#include <google/protobuf/descriptor.pb.h>

#include "core/server/api/descriptors.h"
#include "schemas/control.pb.h"
#include "schemas/session.pb.h"

namespace cairn::api {
namespace {

MethodSchema read_method(const google::protobuf::MethodDescriptor& method,
                         const v1::HttpRoute& route) {
  MethodSchema schema;
  schema.name = method.name();
  schema.service = method.service()->name();
  schema.request = method.input_type();
  schema.streams = method.server_streaming();
  switch (route.method_case()) {
    case v1::HttpRoute::kGet:
      schema.path = route.get();
      break;
    case v1::HttpRoute::kPost:
      schema.method = http::Method::kPost;
      schema.path = route.post();
      break;
    case v1::HttpRoute::kDelete:
      schema.method = http::Method::kDelete;
      schema.path = route.delete_();
      break;
    case v1::HttpRoute::METHOD_NOT_SET:
      fail_unwrap(internal_error(schema.name + " has a route without a method"));
  }
  schema.role = route.role();
  if (schema.role != "viewer" && schema.role != "admin" && schema.role != "open")
    fail_unwrap(internal_error(schema.name + " does not say who may ask it"));
  schema.answer = route.answer();
  if (!route.media_type().empty()) schema.media_type = route.media_type();
  if (route.status() != 0) schema.status = static_cast<int>(route.status());
  schema.group = route.group();
  if (schema.group.empty()) schema.group = schema.path.substr(1, schema.path.find('/', 1) - 1);
  return schema;
}

std::vector<MethodSchema> read_methods() {
  std::vector<MethodSchema> schemas;
  for (const auto* file :
       {v1::Document::descriptor()->file(), v1::SessionRequest::descriptor()->file()}) {
    for (int i = 0; i < file->service_count(); ++i) {
      const auto& service = *file->service(i);
      for (int k = 0; k < service.method_count(); ++k) {
        const auto& options = service.method(k)->options();
        if (options.HasExtension(v1::http))
          schemas.push_back(read_method(*service.method(k), options.GetExtension(v1::http)));
      }
    }
  }
  return schemas;
}

std::unique_ptr<google::protobuf::DescriptorPool> read_commented_pool() {
  google::protobuf::FileDescriptorSet set;
  const std::string_view bytes = descriptor_set();
  if (!set.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())))
    fail_unwrap(internal_error("the descriptors of the API cannot be read"));
  auto pool = std::make_unique<google::protobuf::DescriptorPool>();
  for (const auto& file : set.file()) {
    if (pool->BuildFile(file) == nullptr)
      fail_unwrap(internal_error("the descriptors of " + file.name() + " cannot be read"));
  }
  return pool;
}

}  // namespace

const std::vector<MethodSchema>& methods() {
  static const std::vector<MethodSchema> schemas = read_methods();
  return schemas;
}

const MethodSchema* find_method(std::string_view name) {
  for (const MethodSchema& method : methods()) {
    if (method.name == name) return &method;
  }
  return nullptr;
}

std::vector<std::string> path_fields(const std::string& path) {
  std::vector<std::string> names;
  for (std::size_t open = path.find('{'); open != std::string::npos;
       open = path.find('{', open + 1)) {
    names.push_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

const v1::JsonField& json_options(const google::protobuf::FieldDescriptor& field) {
  return field.options().GetExtension(v1::json);
}

const google::protobuf::DescriptorPool& commented_pool() {
  static const auto pool = read_commented_pool();
  return *pool;
}

}  // namespace cairn::api
