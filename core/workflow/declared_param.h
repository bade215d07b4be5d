// A parameter of a workflow, as its file declares it and with the value that it has: what a form
// needs to ask for it.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

struct DeclaredParam {
  std::string name;
  std::string type;  // as in the file: "int", "enum", "duration", ...
  std::string doc;
  bool required = false;                     // it has no default
  std::optional<json::value> default_value;  // as the file writes it; nothing where it is wrong
  std::optional<json::value> value;  // canonical; nothing where none is given, or a wrong one
  std::optional<double> min;
  std::optional<double> max;
  std::vector<std::string> values;  // of an enum
  Where where;                      // of its name
};

// {"name","type","doc","required","default"?,"value"?,"min"?,"max"?,"values"?,"file","line","column"}
[[nodiscard]] json::object to_json(const DeclaredParam& param);

}  // namespace cairn
