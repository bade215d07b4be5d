// Whether answers are what the OpenAPI document says.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"

namespace cairn::e2e {

// What of the value is not as the schema says, and members that it does not know; nothing where
// all is well. schema: of the document, whose references it may hold.
[[nodiscard]] std::vector<std::string> schema_breaches(const json::object& document,
                                                       const json::value& schema,
                                                       const json::value& value);

struct Operation {
  std::string method;  // "GET"
  std::string path;    // "/api/v1/runs/{run}"
  const json::object* declared = nullptr;

  // Of the answer; null where it has none.
  [[nodiscard]] const json::value* answer_schema() const;
  [[nodiscard]] int status() const;
  // Its parameters, in the path and in the query.
  [[nodiscard]] std::vector<const json::object*> parameters(const char* where) const;
  // Of the body; null where it has none.
  [[nodiscard]] const json::object* body_schema() const;
};
// document: outlives them.
[[nodiscard]] std::vector<Operation> operations_of(const json::object& document);

}  // namespace cairn::e2e
