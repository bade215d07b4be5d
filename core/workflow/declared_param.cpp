#include "core/workflow/declared_param.h"

#include <boost/json/value_from.hpp>

namespace cairn {

json::object to_json(const DeclaredParam& param) {
  json::object object{
      {"name", param.name}, {"type", param.type}, {"doc", param.doc}, {"required", param.required}};
  if (param.default_value) object["default"] = *param.default_value;
  if (param.value) object["value"] = *param.value;
  if (param.min) object["min"] = *param.min;
  if (param.max) object["max"] = *param.max;
  if (!param.values.empty()) object["values"] = json::value_from(param.values);
  object["file"] = param.where.file;
  object["line"] = param.where.line;
  object["column"] = param.where.column;
  return object;
}

}  // namespace cairn
