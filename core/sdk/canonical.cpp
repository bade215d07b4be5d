// canonical_param and what belongs to it: from what a user wrote to what a stage is bound with.
#include <algorithm>
#include <cmath>

#include "core/base/quantity.h"
#include "core/base/text.h"
#include "core/sdk/declaration.h"
#include "core/sdk/pattern.h"

namespace cairn {
namespace {

std::string describe(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "nothing";
    case json::kind::bool_:
      return value.as_bool() ? "true" : "false";
    case json::kind::string:
      return "\"" + std::string(value.as_string()) + "\"";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return is_secret(value) ? "a secret" : "a map";
    case json::kind::double_:
      return format_number(value.as_double());
    default:
      return json::serialize(value);
  }
}

std::optional<std::int64_t> as_integer(const json::value& value) {
  if (value.is_int64()) return value.as_int64();
  if (value.is_uint64() && value.as_uint64() <= std::uint64_t{INT64_MAX})
    return static_cast<std::int64_t>(value.as_uint64());
  return std::nullopt;
}

template <typename Unsigned>
Result<std::int64_t> to_signed(Result<Unsigned> parsed) {
  if (!parsed.ok()) return std::move(parsed).error();
  if (*parsed > std::uint64_t{INT64_MAX}) return invalid_argument("the quantity is too large");
  return static_cast<std::int64_t>(*parsed);
}

Result<std::int64_t> quantity(ParamType type, std::string_view text) {
  if (type == ParamType::kTokens) return to_signed(parse_tokens(text));
  if (type == ParamType::kBytes) return to_signed(parse_bytes(text));
  CAIRN_ASSIGN(const Duration duration, parse_duration(text));
  return std::int64_t{duration.count()};
}

class Canonicalizer {
 public:
  // resolved: what is canonical already is taken, too, and the text of a secret.
  Canonicalizer(std::vector<ParamProblem>& problems, bool resolved)
      : problems_(problems), resolved_(resolved) {}

  json::value value(const ParamDecl& param, const json::value& given) {
    const bool no_secret = resolved_ && param.type == ParamType::kSecret && !param.required;
    if (given.is_null() && (param.nullable || no_secret)) return given;
    switch (param.type) {
      case ParamType::kBool:
        return given.is_bool() ? given : wrong_type(given, "true or false");
      case ParamType::kInt: {
        const auto integer = as_integer(given);
        return integer ? in_range(param, *integer) : wrong_type(given, "an integer");
      }
      case ParamType::kDouble:
        if (!given.is_number()) return wrong_type(given, "a number");
        return in_range(param, given.to_number<double>());
      case ParamType::kString:
      case ParamType::kPath:
        return string(param, given);
      case ParamType::kTokens:
        return quantity_of(param, given, "a number of tokens such as 20k");
      case ParamType::kBytes:
        return quantity_of(param, given, "a size such as 2Gi");
      case ParamType::kDuration:
        return quantity_of(param, given, "a duration such as 10s");
      case ParamType::kSecret:
        return secret(given);
      case ParamType::kList:
        return list(param, given);
      case ParamType::kMap:
        return map(param, given);
      case ParamType::kStruct:
        return structure(param, given);
      case ParamType::kJson:
        return given;
    }
    return problem(internal_error(subject() + " has no known type"));
  }

  void enter(std::string name) { path_.push_back(std::move(name)); }
  void leave() { path_.pop_back(); }

 private:
  // "parameter 'sources[2].domain'"
  std::string subject() const {
    std::string text;
    for (const std::string& part : path_) {
      const bool index = !text.empty() && !part.empty() &&
                         part.find_first_not_of("0123456789") == std::string::npos;
      if (index)
        text += "[" + part + "]";
      else
        text += (text.empty() ? "" : ".") + part;
    }
    return "parameter '" + text + "'";
  }

  json::value problem(Error error, bool of_key = false) {
    // The first part is the parameter itself, which its reader knows.
    problems_.push_back({{path_.begin() + 1, path_.end()}, of_key, std::move(error)});
    return nullptr;
  }

  json::value wrong_type(const json::value& given, const std::string& wanted) {
    return problem(invalid_argument(subject() + " must be " + wanted + ", not " + describe(given)));
  }

  template <typename Number>
  json::value in_range(const ParamDecl& param, Number number) {
    const double value = static_cast<double>(number);
    if (!std::isfinite(value)) return problem(invalid_argument(subject() + " must be finite"));
    if ((!param.min || value >= *param.min) && (!param.max || value <= *param.max))
      return json::value(number);
    const std::string range = param.min && param.max ? "between " + format_number(*param.min) +
                                                           " and " + format_number(*param.max)
                              : param.min ? "at least " + format_number(*param.min)
                                          : "at most " + format_number(*param.max);
    return problem(
        invalid_argument(subject() + " must be " + range + ", not " + format_number(value)));
  }

  json::value string(const ParamDecl& param, const json::value& given) {
    if (is_secret(given)) {
      if (param.choices.empty() && param.pattern.empty() && param.type != ParamType::kPath)
        return given;
      return problem(invalid_argument(subject() + " cannot be a secret"));
    }
    if (!given.is_string()) return wrong_type(given, "a string");
    const std::string text(given.as_string());
    if (!param.choices.empty() && std::ranges::find(param.choices, text) == param.choices.end()) {
      std::string hint = "one of " + join(param.choices, ", ");
      if (const auto near = nearest_word(text, param.choices))
        hint = "did you mean '" + *near + "'? " + hint;
      return problem(invalid_argument(subject() + " cannot be \"" + text + "\"", hint));
    }
    if (!param.pattern.empty()) {
      const auto matches = matches_pattern(param.pattern, text);
      if (!matches.ok()) return problem(with_context(matches.error(), subject()));
      if (!*matches)
        return problem(invalid_argument(subject() + " cannot be " + describe(given),
                                        "it must match " + param.pattern));
    }
    return given;
  }

  json::value secret(const json::value& given) {
    if (is_secret(given) || (resolved_ && given.is_string())) return given;
    const std::string_view text =
        given.is_string() ? std::string_view(given.as_string()) : std::string_view();
    const std::size_t colon = text.find(':');
    if ((text.starts_with("env:") || text.starts_with("file:")) && text.size() > colon + 1)
      return json::object{{kSecretKey, text}};
    // What stands there may be the secret itself: it is not repeated.
    return problem(invalid_argument(subject() + " must say where a secret is, not be one",
                                    "write env:NAME or file:PATH"));
  }

  // Text in its units, or an integer where a bare number has one meaning.
  json::value quantity_of(const ParamDecl& param, const json::value& given, const char* wanted) {
    const auto integer = as_integer(given);
    std::int64_t value = 0;
    if (integer && (resolved_ || param.type != ParamType::kDuration)) {
      value = *integer;
    } else if (given.is_string()) {
      const auto parsed = quantity(param.type, std::string_view(given.as_string()));
      if (!parsed.ok())
        return problem(
            invalid_argument(subject() + ": " + parsed.error().message, parsed.error().hint));
      value = *parsed;
    } else {
      return wrong_type(given, wanted);
    }
    if (value < 0) return problem(invalid_argument(subject() + " must not be negative"));
    return in_range(param, value);
  }

  json::value list(const ParamDecl& param, const json::value& given) {
    if (!given.is_array()) return wrong_type(given, "a list");
    json::array list;
    for (const json::value& item : given.as_array()) {
      enter(std::to_string(list.size()));
      list.push_back(value(param.element.front(), item));
      leave();
    }
    return list;
  }

  json::value map(const ParamDecl& param, const json::value& given) {
    if (!given.is_object() || is_secret(given)) return wrong_type(given, "a map");
    json::object map;
    for (const auto& member : given.as_object()) {
      enter(std::string(member.key()));
      map[member.key()] = value(param.element.front(), member.value());
      leave();
    }
    return map;
  }

  json::value structure(const ParamDecl& param, const json::value& given) {
    if (!given.is_object() || is_secret(given)) return wrong_type(given, "a map");
    const json::object& object = given.as_object();
    report_unknown(param, object);
    json::object canonical;
    for (const ParamDecl& field : param.fields) {
      const json::value* member = object.if_contains(field.name);
      if (member == nullptr && field.required)
        problem(invalid_argument(subject() + " needs '" + field.name + "'", field.doc));
      if (member == nullptr) {
        canonical[field.name] = field.default_value;
        continue;
      }
      enter(field.name);
      canonical[field.name] = value(field, *member);
      leave();
    }
    return canonical;
  }

  void report_unknown(const ParamDecl& param, const json::object& object) {
    std::vector<std::string> known;
    for (const ParamDecl& field : param.fields) known.push_back(field.name);
    for (const auto& member : object) {
      if (std::ranges::find(known, member.key()) != known.end()) continue;
      const auto near = nearest_word(member.key(), known);
      const std::string message = subject() + " has no '" + std::string(member.key()) + "'";
      enter(std::string(member.key()));
      problem(invalid_argument(message, near ? "did you mean '" + *near + "'?"
                                             : "it may hold " + join(known, ", ")),
              true);
      leave();
    }
  }

  std::vector<ParamProblem>& problems_;
  const bool resolved_;
  std::vector<std::string> path_;
};

json::value canonicalize(const ParamDecl& param, const json::value& given,
                         std::vector<ParamProblem>& problems, bool resolved) {
  Canonicalizer canonicalizer(problems, resolved);
  canonicalizer.enter(param.name);
  return canonicalizer.value(param, given);
}

}  // namespace

bool is_secret(const json::value& value) {
  const auto* object = value.if_object();
  if (object == nullptr || object->size() != 1) return false;
  const auto* reference = object->if_contains(kSecretKey);
  return reference != nullptr && reference->is_string();
}

json::value canonical_param(const ParamDecl& param, const json::value& given,
                            std::vector<ParamProblem>& problems) {
  return canonicalize(param, given, problems, false);
}

Result<json::value> canonical_param(const ParamDecl& param, const json::value& given) {
  std::vector<ParamProblem> problems;
  json::value canonical = canonicalize(param, given, problems, false);
  if (!problems.empty()) return std::move(problems.front().error);
  return canonical;
}

Result<json::object> canonical_params(const StageDecl& stage, const json::object& given) {
  std::vector<std::string> known;
  for (const auto& param : stage.params) known.push_back(param.name);
  for (const auto& member : given) {
    if (stage.find_param(member.key()) != nullptr) continue;
    const auto near = nearest_word(member.key(), known);
    return invalid_argument(
        "'" + stage.name + "' has no parameter '" + std::string(member.key()) + "'",
        near ? "did you mean '" + *near + "'?" : "");
  }
  json::object canonical;
  std::vector<ParamProblem> problems;
  for (const auto& param : stage.params) {
    const auto* value = given.if_contains(param.name);
    if (value == nullptr && param.required)
      return invalid_argument("'" + stage.name + "' needs the parameter '" + param.name + "'",
                              param.doc);
    canonical[param.name] =
        value == nullptr ? param.default_value : canonicalize(param, *value, problems, true);
    if (!problems.empty()) return std::move(problems.front().error);
  }
  const auto broken = broken_checks(stage, canonical);
  if (!broken.empty()) return check_error(*broken.front(), canonical);
  return canonical;
}

std::vector<const CheckDecl*> broken_checks(const StageDecl& stage, const json::object& params) {
  std::vector<const CheckDecl*> broken;
  for (const CheckDecl& check : stage.checks) {
    const auto names = params_of(check.rule);
    const bool known =
        std::ranges::all_of(names, [&](const auto& name) { return params.contains(name); });
    if (known && !holds(check.rule, params)) broken.push_back(&check);
  }
  return broken;
}

Error check_error(const CheckDecl& check, const json::object& params) {
  std::string values;
  for (const std::string& name : params_of(check.rule)) {
    const json::value* value = params.if_contains(name);
    values += (values.empty() ? "'" : " and '") + name + "' is ";
    values += value == nullptr || value->is_null() ? "not given" : describe(*value);
  }
  return invalid_argument(values + ": " + check.doc, "it must hold that " + to_string(check.rule));
}

}  // namespace cairn
