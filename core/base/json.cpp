#include "core/base/json.h"

#include <algorithm>
#include <vector>

#include "core/base/text.h"

namespace cairn {
namespace {

const char* kind_name(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return "null";
    case json::kind::bool_:
      return "a boolean";
    case json::kind::int64:
    case json::kind::uint64:
      return "an integer";
    case json::kind::double_:
      return "a number";
    case json::kind::string:
      return "a string";
    case json::kind::array:
      return "a list";
    case json::kind::object:
      return "an object";
  }
  return "unknown";
}

Error wrong_kind(std::string_view key, const char* wanted, const json::value& found) {
  return invalid_argument("'" + std::string(key) + "' should be " + wanted + ", but is " +
                          kind_name(found));
}

Result<const json::value*> find(const json::object& object, std::string_view key) {
  const json::value* found = object.if_contains(key);
  if (found == nullptr) return not_found("'" + std::string(key) + "' is missing");
  return found;
}

void write_canonical(const json::value& value, std::string& out) {
  if (const auto* object = value.if_object()) {
    std::vector<const json::key_value_pair*> members;
    members.reserve(object->size());
    for (const auto& member : *object) members.push_back(&member);
    std::sort(members.begin(), members.end(),
              [](const auto* a, const auto* b) { return a->key() < b->key(); });
    out.push_back('{');
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i > 0) out.push_back(',');
      out += json::serialize(members[i]->key());
      out.push_back(':');
      write_canonical(members[i]->value(), out);
    }
    out.push_back('}');
  } else if (const auto* array = value.if_array()) {
    out.push_back('[');
    for (std::size_t i = 0; i < array->size(); ++i) {
      if (i > 0) out.push_back(',');
      write_canonical((*array)[i], out);
    }
    out.push_back(']');
  } else {
    out += json::serialize(value);
  }
}

void write_pretty(const json::value& value, std::string& out, std::size_t indent) {
  const auto new_line = [&](std::size_t depth) {
    out.push_back('\n');
    out.append(depth * 2, ' ');
  };
  if (const auto* object = value.if_object(); object != nullptr && !object->empty()) {
    out.push_back('{');
    bool first = true;
    for (const auto& member : *object) {
      if (!first) out.push_back(',');
      first = false;
      new_line(indent + 1);
      out += json::serialize(member.key()) + ": ";
      write_pretty(member.value(), out, indent + 1);
    }
    new_line(indent);
    out.push_back('}');
  } else if (const auto* array = value.if_array(); array != nullptr && !array->empty()) {
    out.push_back('[');
    bool first = true;
    for (const auto& item : *array) {
      if (!first) out.push_back(',');
      first = false;
      new_line(indent + 1);
      write_pretty(item, out, indent + 1);
    }
    new_line(indent);
    out.push_back(']');
  } else {
    out += json::serialize(value);
  }
}

}  // namespace

Result<json::object> parse_json_object(std::string_view text) {
  CAIRN_ASSIGN(json::value value, parse_json(text));
  if (!value.is_object()) {
    return invalid_argument(std::string("expected a JSON object, found ") + kind_name(value));
  }
  return std::move(value.get_object());
}

std::string canonical_json(const json::value& value) {
  std::string out;
  write_canonical(value, out);
  return out;
}

std::string pretty_json(const json::value& value) {
  std::string out;
  write_pretty(value, out, 0);
  out.push_back('\n');
  return out;
}

Result<std::string> get_string(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (const auto* text = found->if_string()) return std::string(*text);
  return wrong_kind(key, "a string", *found);
}

Result<std::int64_t> get_int(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (found->is_int64()) return found->get_int64();
  return wrong_kind(key, "an integer", *found);
}

Result<std::uint64_t> get_uint(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (found->is_uint64()) return found->get_uint64();
  if (found->is_int64() && found->get_int64() >= 0) {
    return static_cast<std::uint64_t>(found->get_int64());
  }
  return wrong_kind(key, "an unsigned integer", *found);
}

Result<double> get_double(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (found->is_double()) return found->get_double();
  if (found->is_int64()) return static_cast<double>(found->get_int64());
  if (found->is_uint64()) return static_cast<double>(found->get_uint64());
  return wrong_kind(key, "a number", *found);
}

Result<bool> get_bool(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (found->is_bool()) return found->get_bool();
  return wrong_kind(key, "a boolean", *found);
}

Result<const json::array*> get_array(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (const auto* array = found->if_array()) return array;
  return wrong_kind(key, "a list", *found);
}

Result<const json::object*> get_object(const json::object& object, std::string_view key) {
  CAIRN_ASSIGN(const json::value* found, find(object, key));
  if (const auto* member = found->if_object()) return member;
  return wrong_kind(key, "an object", *found);
}

std::string json_text(const json::value& value) {
  if (value.is_double()) return format_number(value.as_double());
  std::string text;
  if (const auto* list = value.if_array()) {
    for (const json::value& item : *list) text += (text.empty() ? "" : ", ") + json_text(item);
    return "[" + text + "]";
  }
  if (const auto* object = value.if_object()) {
    for (const auto& member : *object)
      text += (text.empty() ? "" : ", ") + json::serialize(json::string(member.key())) + ": " +
              json_text(member.value());
    return "{" + text + "}";
  }
  return json::serialize(value);
}

}  // namespace cairn
