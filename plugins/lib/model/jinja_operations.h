// What Jinja does with values of any kind, and what it may cost.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/jinja_value.h"

namespace cairn::model::jinja {

// What rendering may still cost, in bytes handled: an end to templates that would go on and on.
class Budget {
 public:
  explicit Budget(std::size_t bytes) : left_(bytes) {}
  [[nodiscard]] std::size_t left() const { return left_; }
  [[nodiscard]] Result<void> spend(std::size_t bytes);
  // Takes the time of `count` values, before they are made.
  [[nodiscard]] Result<void> spend_values(std::size_t count);
  // As a value, its bytes paid for.
  [[nodiscard]] Result<Value> text(std::string text);

 private:
  std::size_t left_;
};

// What a budget takes for a value of its own.
inline constexpr std::size_t kValueCost = 64;

// Whether Python's values of this kind have an attribute of the name, which a template would get
// in place of an undefined value.
[[nodiscard]] bool is_attribute(const Value& value, std::string_view name);

// A list of them, paid for.
[[nodiscard]] Result<Value> texts(Budget& budget, const std::vector<std::string_view>& parts);
// The values that a loop goes over: items, keys, characters.
[[nodiscard]] Result<Value> iterate(Budget& budget, const Value& value);
// Python's `in`.
[[nodiscard]] Result<bool> contains(Budget& budget, const Value& whole, const Value& part);
// What equal() costs at most.
[[nodiscard]] std::size_t cost_of(const Value& value);

}  // namespace cairn::model::jinja
