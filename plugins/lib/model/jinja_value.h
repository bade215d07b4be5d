// Values that templates compute with: those of JSON, undefined ones, namespaces.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::model::jinja {

struct Undefined {};
struct None {};
struct Markup;  // text that passed the filter `safe`
struct List;
struct Dict;
struct Namespace;

// Immutable but for namespaces; copies share what they hold. Lists and dictionaries nest at most
// kMaxNesting deep and hold no namespace, so that no value can hold itself.
class Value {
 public:
  Value() = default;  // undefined
  template <typename T>
    requires(!std::is_same_v<std::decay_t<T>, Value>)
  explicit Value(T data) : data_(std::move(data)) {}
  static Value text(std::string text) {
    return Value(std::make_shared<const std::string>(std::move(text)));
  }

  template <typename T>
  [[nodiscard]] bool is() const {
    return std::holds_alternative<T>(data_);
  }
  [[nodiscard]] bool is_undefined() const { return is<Undefined>(); }
  [[nodiscard]] bool is_none() const { return is<None>(); }
  // Nothing where it is of another kind.
  [[nodiscard]] const std::string* as_text() const;
  [[nodiscard]] const std::vector<Value>* as_list() const;
  [[nodiscard]] const Dict* as_dict() const;
  [[nodiscard]] Namespace* as_namespace() const;
  [[nodiscard]] std::optional<std::int64_t> as_int() const;  // bool too, as Python has it
  [[nodiscard]] std::optional<double> as_number() const;     // int and bool too

  [[nodiscard]] bool truth() const;
  [[nodiscard]] int nesting() const;       // 0 of what is no list or dictionary
  [[nodiscard]] const char* kind() const;  // for messages: "a list"
  // As Python's str(); lists, dictionaries and namespaces are refused.
  [[nodiscard]] Result<std::string> to_text() const;

 private:
  std::variant<Undefined, None, bool, std::int64_t, double, std::shared_ptr<const std::string>,
               std::shared_ptr<const Markup>, std::shared_ptr<const List>,
               std::shared_ptr<const Dict>, std::shared_ptr<Namespace>>
      data_;
};

using Members = std::vector<std::pair<std::string, Value>>;

// The value under a name, or nothing.
[[nodiscard]] const Value* find(const Members& members, std::string_view name);

struct Markup {
  std::string text;
};
struct List {
  std::vector<Value> items;
  int nesting = 1;
};
struct Dict {
  Members members;  // in the order of insertion
  int nesting = 1;
};
struct Namespace {
  Members members;
};

inline constexpr int kMaxNesting = 100;

[[nodiscard]] Result<Value> make_list(std::vector<Value> items);
[[nodiscard]] Result<Value> make_dict(Members members);
[[nodiscard]] Result<Value> from_json(const json::value& value);
// As Python's ==.
[[nodiscard]] bool equal(const Value& a, const Value& b);

}  // namespace cairn::model::jinja
