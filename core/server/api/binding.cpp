#include "core/server/api/binding.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <set>

#include "core/base/json.h"
#include "core/base/text.h"

namespace cairn::api {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

constexpr std::size_t kLongestKey = 128;
constexpr std::size_t kBodyDepth = 32;

std::string type_word(const FieldDescriptor& field) {
  if (json_options(field).object()) return "an object";
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      return "true or false";
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return "a number";
    case FieldDescriptor::CPPTYPE_INT32:
    case FieldDescriptor::CPPTYPE_INT64:
      return "a whole number";
    case FieldDescriptor::CPPTYPE_UINT32:
    case FieldDescriptor::CPPTYPE_UINT64:
      return "a whole number, not below 0";
    default:
      return "a text";
  }
}

std::string shown(const json::value& value) {
  std::string text = json_text(value);
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return printable(text);
}

Error wrong_type(const FieldDescriptor& field, const json::value& value) {
  return invalid_argument("`" + field.name() + "` is " + type_word(field) + ", not " +
                          shown(value));
}

Result<void> check_number(const FieldDescriptor& field, double number) {
  const v1::JsonField& options = json_options(field);
  if (options.has_maximum() && number > options.maximum())
    return invalid_argument("`" + field.name() + "` is at most " +
                            format_number(options.maximum()));
  if (options.has_minimum() && number < options.minimum())
    return invalid_argument("`" + field.name() + "` is at least " +
                            format_number(options.minimum()));
  return {};
}

Result<void> check_text(const FieldDescriptor& field, const std::string& text) {
  const v1::JsonField& options = json_options(field);
  if (options.has_longest() && text.size() > options.longest())
    return invalid_argument("`" + field.name() + "` is longer than " +
                            std::to_string(options.longest()) + " bytes");
  if (options.values().empty() || text.empty()) return {};
  std::vector<std::string> words;
  for (const std::string_view word : split(options.values(), ' ')) words.emplace_back(word);
  if (std::ranges::find(words, text) != words.end()) return {};
  return invalid_argument("`" + field.name() + "` is not '" + printable(text) + "'",
                          "it is one of " + join(words, ", "));
}

// The field's setter, or what adds to it.
template <typename T, typename Set, typename Add>
void put(const Reflection& reflection, Message& message, const FieldDescriptor& field, T value,
         Set set, Add add) {
  if (field.is_repeated()) {
    (reflection.*add)(&message, &field, std::move(value));
  } else {
    (reflection.*set)(&message, &field, std::move(value));
  }
}

Result<void> put_text(Message& message, const FieldDescriptor& field, std::string text) {
  CAIRN_TRY(check_text(field, text));
  put(*message.GetReflection(), message, field, std::move(text), &Reflection::SetString,
      &Reflection::AddString);
  return {};
}

template <typename T>
std::optional<T> whole_number(const json::value& value) {
  const auto fits = [](auto number) { return std::in_range<T>(number); };
  if (const auto* number = value.if_int64())
    return fits(*number) ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  if (const auto* number = value.if_uint64())
    return fits(*number) ? std::optional<T>(static_cast<T>(*number)) : std::nullopt;
  return std::nullopt;
}

template <typename T, typename Set, typename Add>
Result<void> put_whole(Message& message, const FieldDescriptor& field, const json::value& value,
                       Set set, Add add) {
  const auto number = whole_number<T>(value);
  if (!number) return wrong_type(field, value);
  CAIRN_TRY(check_number(field, static_cast<double>(*number)));
  put(*message.GetReflection(), message, field, *number, set, add);
  return {};
}

// One value, of a list one element.
Result<void> put_value(Message& message, const FieldDescriptor& field, const json::value& value) {
  const Reflection& reflection = *message.GetReflection();
  if (json_options(field).object()) {
    if (!value.is_object()) return wrong_type(field, value);
    reflection.SetString(&message, &field, json::serialize(value));
    return {};
  }
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_BOOL:
      if (!value.is_bool()) return wrong_type(field, value);
      put(reflection, message, field, value.as_bool(), &Reflection::SetBool, &Reflection::AddBool);
      return {};
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      boost::system::error_code failed;
      const auto number = value.to_number<double>(failed);
      if (failed || !std::isfinite(number)) return wrong_type(field, value);
      CAIRN_TRY(check_number(field, number));
      put(reflection, message, field, number, &Reflection::SetDouble, &Reflection::AddDouble);
      return {};
    }
    case FieldDescriptor::CPPTYPE_INT32:
      return put_whole<std::int32_t>(message, field, value, &Reflection::SetInt32,
                                     &Reflection::AddInt32);
    case FieldDescriptor::CPPTYPE_INT64:
      return put_whole<std::int64_t>(message, field, value, &Reflection::SetInt64,
                                     &Reflection::AddInt64);
    case FieldDescriptor::CPPTYPE_UINT32:
      return put_whole<std::uint32_t>(message, field, value, &Reflection::SetUInt32,
                                      &Reflection::AddUInt32);
    case FieldDescriptor::CPPTYPE_UINT64:
      return put_whole<std::uint64_t>(message, field, value, &Reflection::SetUInt64,
                                      &Reflection::AddUInt64);
    case FieldDescriptor::CPPTYPE_STRING:
      if (!value.is_string()) return wrong_type(field, value);
      return put_text(message, field, std::string(value.as_string()));
    default:
      return internal_error("`" + field.name() + "` has a type that requests cannot have");
  }
}

// What a text of the path or the query stands for.
Result<void> put_parameter(Message& message, const FieldDescriptor& field,
                           const std::string& text) {
  if (json_options(field).object())
    return invalid_argument("`" + field.name() + "` is given in the body");
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return put_text(message, field, text);
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") return wrong_type(field, json::string(text));
      return put_value(message, field, text == "true");
    default: {
      // Only what JSON calls a number: no white space, no sign before it but "-".
      const auto number = parse_json(text);
      if (!number.ok() || !number->is_number() || trim(text) != text)
        return wrong_type(field, json::string(text));
      return put_value(message, field, *number);
    }
  }
}

const FieldDescriptor* find_field(const Descriptor& request, const std::string& name) {
  const FieldDescriptor* field = request.FindFieldByName(name);
  return field == nullptr || json_options(*field).internal() ? nullptr : field;
}

Error unknown_field(const Descriptor& request, const std::string& name,
                    const std::vector<std::string>& in_path) {
  std::vector<std::string> names;
  for (int i = 0; i < request.field_count(); ++i) {
    const std::string& known = request.field(i)->name();
    if (find_field(request, known) != nullptr && std::ranges::find(in_path, known) == in_path.end())
      names.push_back(known);
  }
  const auto near = nearest_word(name, names);
  std::string hint = "nothing is taken here";
  if (near) {
    hint = "did you mean '" + *near + "'?";
  } else if (!names.empty()) {
    hint = "what is taken: " + join(names, ", ");
  }
  return invalid_argument("'" + printable(name) + "' is not known here", std::move(hint));
}

class Binder {
 public:
  Binder(const MethodSchema& method, Message& message)
      : request_(*method.request), in_path_(path_fields(method.path)), message_(message) {}

  std::optional<BadInput> bind_path(const Values& path) {
    for (const auto& [name, value] : path) {
      const FieldDescriptor* field = request_.FindFieldByName(name);
      if (field == nullptr) return BadInput{internal_error("no field " + name), "path/" + name};
      if (auto put = put_parameter(message_, *field, value); !put.ok())
        return BadInput{std::move(put).error(), "path/" + name};
      given_.insert(name);
    }
    return std::nullopt;
  }

  std::optional<BadInput> bind_query(const Values& query) {
    for (const auto& [name, value] : query) {
      const FieldDescriptor* field = field_of(name);
      if (field == nullptr)
        return BadInput{unknown_field(request_, name, in_path_), "query/" + name};
      auto put = take(*field) ? put_parameter(message_, *field, value) : twice(*field);
      if (!put.ok()) return BadInput{std::move(put).error(), "query/" + name};
    }
    return std::nullopt;
  }

  std::optional<BadInput> bind_body(std::string_view body) {
    const auto parsed = parse_json(body, kBodyDepth);
    if (!parsed.ok()) return BadInput{with_context(parsed.error(), "the body is no JSON"), ""};
    if (!parsed->is_object())
      return BadInput{invalid_argument("the body is " + shown(*parsed) + ", not an object"), ""};
    for (const auto& [key, value] : parsed->get_object()) {
      const std::string name(key);
      const FieldDescriptor* field = field_of(name);
      if (field == nullptr) return BadInput{unknown_field(request_, name, in_path_), "/" + name};
      if (auto put = bind_member(*field, value); !put.ok())
        return BadInput{std::move(put).error(), "/" + name};
    }
    return std::nullopt;
  }

  std::optional<BadInput> bind_key(std::string_view key) {
    const FieldDescriptor* field = request_.FindFieldByName("request_id");
    if (field == nullptr) return std::nullopt;
    const bool fair = key.size() <= kLongestKey &&
                      std::ranges::all_of(key, [](char c) { return c > ' ' && c <= '~'; });
    if (!fair)
      return BadInput{invalid_argument("Idempotency-Key is no text of at most 128 visible "
                                       "ASCII characters",
                                       "a random UUID does well"),
                      "header/Idempotency-Key"};
    if (!take(*field)) return BadInput{*error_of(twice(*field)), "header/Idempotency-Key"};
    message_.GetReflection()->SetString(&message_, field, std::string(key));
    return std::nullopt;
  }

  std::optional<BadInput> check_required() const {
    for (int i = 0; i < request_.field_count(); ++i) {
      const FieldDescriptor& field = *request_.field(i);
      if (!json_options(field).required() || given_.contains(field.name())) continue;
      return BadInput{invalid_argument("`" + field.name() + "` is missing",
                                       "give " + type_word(field) + " as `" + field.name() + "`"),
                      "/" + field.name()};
    }
    return std::nullopt;
  }

 private:
  static std::optional<Error> error_of(const Result<void>& result) {
    return result.ok() ? std::nullopt : std::optional<Error>(result.error());
  }
  const FieldDescriptor* field_of(const std::string& name) const {
    if (std::ranges::find(in_path_, name) != in_path_.end()) return nullptr;
    return find_field(request_, name);
  }
  // False: it has a value already.
  bool take(const FieldDescriptor& field) {
    return given_.insert(field.name()).second || field.is_repeated();
  }
  static Result<void> twice(const FieldDescriptor& field) {
    return invalid_argument("`" + field.name() + "` is given twice");
  }

  Result<void> bind_member(const FieldDescriptor& field, const json::value& value) {
    if (!take(field)) return twice(field);
    if (!field.is_repeated()) return put_value(message_, field, value);
    if (!value.is_array())
      return invalid_argument("`" + field.name() + "` is a list, not " + shown(value));
    for (const json::value& element : value.get_array())
      CAIRN_TRY(put_value(message_, field, element));
    return {};
  }

  const Descriptor& request_;
  const std::vector<std::string> in_path_;
  Message& message_;
  std::set<std::string> given_;
};

}  // namespace

std::variant<std::unique_ptr<Message>, BadInput> bind(const MethodSchema& method,
                                                      const Input& input) {
  const Message* prototype =
      google::protobuf::MessageFactory::generated_factory()->GetPrototype(method.request);
  std::unique_ptr<Message> message(prototype->New());
  Binder binder(method, *message);
  if (auto bad = binder.bind_path(input.path)) return std::move(*bad);
  if (auto bad = binder.bind_query(input.query)) return std::move(*bad);
  if (!input.body.empty()) {
    if (auto bad = binder.bind_body(input.body)) return std::move(*bad);
  }
  if (!input.idempotency_key.empty()) {
    if (auto bad = binder.bind_key(input.idempotency_key)) return std::move(*bad);
  }
  if (auto bad = binder.check_required()) return std::move(*bad);
  return message;
}

}  // namespace cairn::api
