// The filters, tests and methods that templates can use. Each does what Jinja's (or Python's) of
// that name does, or refuses.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/jinja_operations.h"
#include "plugins/lib/model/jinja_value.h"

namespace cairn::model::jinja {

struct Builtin {
  std::string_view name;
  std::vector<std::string_view> parameters;
  std::size_t required = 0;  // the first ones
  // `arguments` are as many as parameters, undefined where not given.
  Result<Value> (*run)(Budget& budget, const Value& self, const std::vector<Value>& arguments);
};

// Null where there is none.
[[nodiscard]] const Builtin* find_filter(std::string_view name);
[[nodiscard]] const Builtin* find_test(std::string_view name);
[[nodiscard]] const Builtin* find_text_method(std::string_view name);
[[nodiscard]] const Builtin* find_dict_method(std::string_view name);
[[nodiscard]] bool is_method(std::string_view name);
}  // namespace cairn::model::jinja
