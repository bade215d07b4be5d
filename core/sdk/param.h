// Param<T>: a parameter that declares itself and holds the value of the attempt.
//
//   Param<double> threshold{this, "threshold", 0.8, "Similarity of duplicates", Range{0.0, 1.0}};
//   Param<fs::path> model{this, "model", Required{}, "Folder of the judge", Content{}};
//   Param<std::optional<Duration>> patience{this, "patience", std::nullopt, "None: waits"};
//
// T: bool, integers, double, std::string, Tokens, Bytes, Duration, fs::path, Secret, an enum with
// param_values, a struct with fields, json::value; std::vector, std::map<std::string, …> and
// std::optional of these, nested as you like.
#pragma once

#include <concepts>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/sdk/declaration.h"

namespace cairn {

struct Tokens {
  std::int64_t count = 0;
};
struct Bytes {
  std::int64_t count = 0;
};

// A text that is known in the host only. It is left out of logs, metrics, errors and output.
class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string text) : text_(std::move(text)) {}
  [[nodiscard]] const std::string& reveal() const { return text_; }

 private:
  std::string text_;
};

// An enum is a parameter once its names are known, by a function in its own namespace:
//   enum class Mode { kCopy, kLink };
//   cairn::EnumNames<Mode> param_values(Mode) { return {{Mode::kCopy, "copy"}, …}; }
template <typename E>
using EnumNames = std::vector<std::pair<E, const char*>>;

// Options of a parameter or field. Those of a value reach the elements of lists and maps.
struct Range {  // inclusive
  double min;
  double max;
};
struct AtLeast {
  double min;
};
struct AtMost {
  double max;
};
struct Choices {
  std::vector<std::string> names;
};
struct Pattern {  // a regular expression (PCRE2) that the whole text matches
  const char* expression;
};
struct Content {};   // paths: the cache key holds the digest of what is there
struct Required {};  // in the place of a default; as an option of a field

// The declaration of the innermost element.
[[nodiscard]] ParamDecl& innermost(ParamDecl& decl);
void apply(ParamDecl& decl, const Range& range);
void apply(ParamDecl& decl, const AtLeast& bound);
void apply(ParamDecl& decl, const AtMost& bound);
void apply(ParamDecl& decl, const Choices& choices);
void apply(ParamDecl& decl, const Pattern& pattern);
void apply(ParamDecl& decl, const Content& content);
void apply(ParamDecl& decl, const Required& required);

// What a host got was not in the form that canonical_params makes: a defect.
[[nodiscard]] Error not_canonical(const char* expected);

// One member of a struct that stands in a parameter or a record. Its default is what the member
// has in a struct made without arguments.
//
//   struct Source {
//     fs::path path;
//     double weight = 1;
//     static auto fields() {
//       return std::tuple(cairn::field("path", &Source::path, "Where it is", cairn::Required{}),
//                         cairn::field("weight", &Source::weight, "Its share", cairn::Range{0,
//                         1}));
//     }
//   };
template <typename S, typename T>
struct Field {
  ParamDecl decl;
  T S::*member;
};

template <typename T>
concept HasFields = requires { T::fields(); };

template <typename E>
concept NamedEnum = std::is_enum_v<E> && requires(E value) {
  { param_values(value) } -> std::convertible_to<EnumNames<E>>;
};

// How a C++ type is declared, written and read.
//   static ParamDecl decl();
//   static json::value write(const T& value);        canonical
//   static Result<T> read(const json::value& value); from canonical
template <typename T>
struct ParamTraits;

#define CAIRN_PARAM_TRAITS(cpp_type)                        \
  template <>                                               \
  struct ParamTraits<cpp_type> {                            \
    static ParamDecl decl();                                \
    static json::value write(const cpp_type& value);        \
    static Result<cpp_type> read(const json::value& value); \
  };
CAIRN_PARAM_TRAITS(bool)
CAIRN_PARAM_TRAITS(std::int64_t)
CAIRN_PARAM_TRAITS(double)
CAIRN_PARAM_TRAITS(std::string)
CAIRN_PARAM_TRAITS(Tokens)
CAIRN_PARAM_TRAITS(Bytes)
CAIRN_PARAM_TRAITS(Duration)
CAIRN_PARAM_TRAITS(fs::path)
CAIRN_PARAM_TRAITS(Secret)
CAIRN_PARAM_TRAITS(json::value)
#undef CAIRN_PARAM_TRAITS

// Other integers: their own range unless a smaller one is declared.
template <std::integral T>
struct ParamTraits<T> {
  static ParamDecl decl() {
    ParamDecl decl = ParamTraits<std::int64_t>::decl();
    if constexpr (std::is_unsigned_v<T> || sizeof(T) < sizeof(std::int64_t))
      decl.min = static_cast<double>(std::numeric_limits<T>::min());
    if constexpr (sizeof(T) < sizeof(std::int64_t))
      decl.max = static_cast<double>(std::numeric_limits<T>::max());
    return decl;
  }
  static json::value write(const T& value) { return static_cast<std::int64_t>(value); }
  static Result<T> read(const json::value& value) {
    CAIRN_ASSIGN(const std::int64_t wide, ParamTraits<std::int64_t>::read(value));
    return static_cast<T>(wide);
  }
};

template <NamedEnum E>
struct ParamTraits<E> {
  static ParamDecl decl() {
    ParamDecl decl;
    for (const auto& [value, name] : param_values(E{})) decl.choices.emplace_back(name);
    return decl;
  }
  static json::value write(const E& value) {
    for (const auto& [known, name] : param_values(E{}))
      if (known == value) return json::value(name);
    return nullptr;
  }
  static Result<E> read(const json::value& value) {
    for (const auto& [known, name] : param_values(E{}))
      if (value.is_string() && value.as_string() == name) return known;
    return not_canonical("one of the names of an enum");
  }
};

template <typename T>
struct ParamTraits<std::optional<T>> {
  static ParamDecl decl() {
    ParamDecl decl = ParamTraits<T>::decl();
    decl.nullable = true;
    return decl;
  }
  static json::value write(const std::optional<T>& value) {
    return value ? ParamTraits<T>::write(*value) : json::value(nullptr);
  }
  static Result<std::optional<T>> read(const json::value& value) {
    if (value.is_null()) return std::optional<T>();
    CAIRN_ASSIGN(T read, ParamTraits<T>::read(value));
    return std::optional<T>(std::move(read));
  }
};

template <typename T>
struct ParamTraits<std::vector<T>> {
  static ParamDecl decl() {
    ParamDecl decl;
    decl.type = ParamType::kList;
    decl.element.push_back(ParamTraits<T>::decl());
    return decl;
  }
  static json::value write(const std::vector<T>& value) {
    json::array list;
    for (const T& item : value) list.push_back(ParamTraits<T>::write(item));
    return list;
  }
  static Result<std::vector<T>> read(const json::value& value) {
    if (!value.is_array()) return not_canonical("a list");
    std::vector<T> list;
    list.reserve(value.as_array().size());
    for (const json::value& item : value.as_array()) {
      CAIRN_ASSIGN(T element, ParamTraits<T>::read(item));
      list.push_back(std::move(element));
    }
    return list;
  }
};

template <typename T>
struct ParamTraits<std::map<std::string, T>> {
  static ParamDecl decl() {
    ParamDecl decl;
    decl.type = ParamType::kMap;
    decl.element.push_back(ParamTraits<T>::decl());
    return decl;
  }
  static json::value write(const std::map<std::string, T>& value) {
    json::object map;
    for (const auto& [key, item] : value) map[key] = ParamTraits<T>::write(item);
    return map;
  }
  static Result<std::map<std::string, T>> read(const json::value& value) {
    if (!value.is_object()) return not_canonical("a map");
    std::map<std::string, T> map;
    for (const auto& member : value.as_object()) {
      CAIRN_ASSIGN(map[std::string(member.key())], ParamTraits<T>::read(member.value()));
    }
    return map;
  }
};

template <typename S, typename T, typename... Options>
[[nodiscard]] Field<S, T> field(const char* name, T S::*member, const char* doc,
                                const Options&... options) {
  Field<S, T> made{ParamTraits<T>::decl(), member};
  made.decl.name = name;
  made.decl.doc = doc;
  (apply(made.decl, options), ...);
  if (!made.decl.required) made.decl.default_value = ParamTraits<T>::write(S{}.*member);
  return made;
}

template <HasFields S>
struct ParamTraits<S> {
  static ParamDecl decl() {
    ParamDecl decl;
    decl.type = ParamType::kStruct;
    std::apply([&](const auto&... field) { (decl.fields.push_back(field.decl), ...); },
               S::fields());
    return decl;
  }
  static json::value write(const S& value) {
    json::object object;
    const auto add = [&]<typename T>(const Field<S, T>& field) {
      object[field.decl.name] = ParamTraits<T>::write(value.*field.member);
    };
    std::apply([&](const auto&... field) { (add(field), ...); }, S::fields());
    return object;
  }
  static Result<S> read(const json::value& value) {
    if (!value.is_object()) return not_canonical("a map");
    S made;
    Result<void> done;
    const auto set = [&]<typename T>(const Field<S, T>& field) -> Result<void> {
      const auto* member = value.as_object().if_contains(field.decl.name);
      if (member == nullptr) return not_canonical(field.decl.name.c_str());
      CAIRN_ASSIGN(made.*field.member, ParamTraits<T>::read(*member));
      return {};
    };
    std::apply([&](const auto&... field) { (void)((done = set(field)).ok() && ...); }, S::fields());
    if (!done.ok()) return std::move(done).error();
    return made;
  }
};

// A value as a test gives it to a parameter: whatever JSON takes, a path, or a type of a parameter.
template <typename T>
[[nodiscard]] json::value param_value(const T& value) {
  if constexpr (std::is_convertible_v<const T&, json::value>)
    return value;
  else if constexpr (std::is_convertible_v<const T&, std::string>)
    return json::string(std::string(value));
  else
    return ParamTraits<T>::write(value);
}

class Stage;

class ParamBase {
 public:
  virtual ~ParamBase() = default;
  ParamBase(const ParamBase&) = delete;
  ParamBase& operator=(const ParamBase&) = delete;
  [[nodiscard]] const ParamDecl& decl() const { return decl_; }

 protected:
  ParamBase(Stage* stage, const char* name, ParamDecl type, const char* doc);
  ParamDecl decl_;

 private:
  friend class Stage;
  virtual Result<void> read(const json::value& canonical) = 0;
};

template <typename T>
class Param final : public ParamBase {
 public:
  template <typename... Options>
  Param(Stage* stage, const char* name, T default_value, const char* doc, const Options&... options)
      : ParamBase(stage, name, ParamTraits<T>::decl(), doc), value_(std::move(default_value)) {
    decl_.default_value = ParamTraits<T>::write(value_);
    (apply(decl_, options), ...);
  }
  // A template, so that {} is an empty default.
  template <std::same_as<Required> R, typename... Options>
  Param(Stage* stage, const char* name, R, const char* doc, const Options&... options)
      : ParamBase(stage, name, ParamTraits<T>::decl(), doc) {
    decl_.required = true;
    (apply(decl_, options), ...);
  }

  // Before the stage is bound: the default.
  const T& operator*() const { return value_; }
  const T* operator->() const { return &value_; }

 private:
  Result<void> read(const json::value& canonical) override {
    CAIRN_ASSIGN(value_, ParamTraits<T>::read(canonical));
    return {};
  }
  T value_{};
};

// Rules between parameters (rule.h): no values are compared here, a check is declared.
[[nodiscard]] Rule given(const ParamBase& param);
[[nodiscard]] Rule compare(Rule::Op op, const ParamBase& left, const ParamBase& right);
[[nodiscard]] Rule compare(Rule::Op op, const ParamBase& left, json::value right);

#define CAIRN_COMPARISON(symbol, op)                                                 \
  inline Rule operator symbol(const ParamBase& left, const ParamBase& right) {       \
    return compare(Rule::Op::op, left, right);                                       \
  }                                                                                  \
  template <typename T>                                                              \
  Rule operator symbol(const Param<T>& left, const std::type_identity_t<T>& right) { \
    return compare(Rule::Op::op, left, ParamTraits<T>::write(right));                \
  }
CAIRN_COMPARISON(<, kLess)
CAIRN_COMPARISON(<=, kLessEqual)
CAIRN_COMPARISON(==, kEqual)
CAIRN_COMPARISON(!=, kNotEqual)
#undef CAIRN_COMPARISON
inline Rule operator>(const ParamBase& left, const ParamBase& right) {
  return right < left;
}
inline Rule operator>=(const ParamBase& left, const ParamBase& right) {
  return right <= left;
}

// A rule that the parameters of a workflow must keep; doc says why.
class Check final {
 public:
  Check(Stage* stage, Rule rule, const char* doc);
  Check(const Check&) = delete;
  Check& operator=(const Check&) = delete;
};

}  // namespace cairn
