#include "core/workflow/params.h"

#include <algorithm>
#include <utility>

#include "core/base/text.h"
#include "core/workflow/source.h"

namespace cairn {
namespace {

const std::map<std::string, ParamType>& types() {
  static const std::map<std::string, ParamType> kTypes = {
      {"bool", ParamType::kBool},    {"int", ParamType::kInt},
      {"float", ParamType::kDouble}, {"string", ParamType::kString},
      {"enum", ParamType::kString},  {"list", ParamType::kJson},
      {"map", ParamType::kJson},     {"duration", ParamType::kDuration},
      {"bytes", ParamType::kBytes},  {"tokens", ParamType::kTokens},
      {"path", ParamType::kPath},    {"secret", ParamType::kJson}};
  return kTypes;
}

bool is_number_type(const std::string& type) {
  return type == "int" || type == "float" || type == "duration" || type == "bytes" ||
         type == "tokens";
}

// The first scalar below a node that holds a `${…}`.
const YamlNode* find_expression(const YamlNode& node) {
  if (node.is_scalar())
    return node.scalar.is_string() && node.text.find("${") != std::string::npos ? &node : nullptr;
  for (const auto& item : node.items) {
    if (const auto* found = find_expression(item)) return found;
  }
  for (const auto& entry : node.entries) {
    if (const auto* found = find_expression(entry.value)) return found;
  }
  return nullptr;
}

}  // namespace

void ParamTable::declare(const YamlNode& map, const fs::path& folder) {
  if (map.is_null()) return;
  if (!map.is_map()) {
    diagnostics_.error("invalid_value", *map.source, map.offset,
                       "'params' must be a map, not " + map.describe());
    return;
  }
  for (const YamlEntry& entry : map.entries) declare_one(entry, folder);
}

void ParamTable::declare_one(const YamlEntry& entry, const fs::path& folder) {
  const YamlNode& node = entry.value;
  const std::string of = "parameter '" + entry.key + "'";
  invalid_.insert(entry.key);
  order_.push_back(entry.key);
  if (!is_name(entry.key)) {
    diagnostics_.error("bad_name", *node.source, entry.key_offset,
                       "'" + entry.key + "' is no name for a parameter",
                       "letters, digits, '_' and '-'");
    return;
  }
  if (!node.is_map()) {
    diagnostics_.error(
        "invalid_value", *node.source, node.offset,
        of + " must be a map such as {type: int, default: 3}, not " + node.describe());
    return;
  }
  const std::size_t before = diagnostics_.errors();
  check_keys(node, param_keys(), of, diagnostics_);
  Declared declared;
  declared.offset = entry.key_offset;
  declared.source = node.source;
  std::map<std::string, json::value> given;
  for (const YamlEntry& member : node.entries) {
    const Key* key = find_key(param_keys(), member.key);
    if (key == nullptr || key->form == KeyForm::kAny) continue;
    if (auto value =
            canonical_at(key->decl, member.value.to_json(), member.value, diagnostics_, true))
      given[member.key] = std::move(*value);
  }
  if (given.contains("type")) declared.type = given["type"].as_string();
  const YamlEntry* value = node.find("default");
  if (declared.type == "secret" && value != nullptr)
    diagnostics_.hide_line(*node.source, value->value.offset);
  if (given.contains("required") && given["required"].as_bool() == (value != nullptr))
    diagnostics_.error("invalid_value", *node.source, node.find("required")->key_offset,
                       value != nullptr ? of + " is required, so it has no 'default'"
                                        : of + " is not required, so it needs a 'default'");
  const auto misplaced = [&](const char* key, bool right) {
    if (right || node.find(key) == nullptr || declared.type.empty()) return;
    diagnostics_.error("unknown_key", *node.source, node.find(key)->key_offset,
                       "'" + std::string(key) + "' has no meaning for the type " + declared.type);
  };
  misplaced("min", is_number_type(declared.type));
  misplaced("max", is_number_type(declared.type));
  misplaced("values", declared.type == "enum");
  if (declared.type == "enum" && node.find("values") == nullptr)
    diagnostics_.error("missing_key", *node.source, node.offset, of + " needs the key 'values'");
  if (diagnostics_.errors() > before) return;

  declared.decl.name = entry.key;
  declared.decl.type = types().at(declared.type);
  if (given.contains("min")) declared.decl.min = given["min"].to_number<double>();
  if (given.contains("max")) declared.decl.max = given["max"].to_number<double>();
  if (given.contains("values")) {
    for (const auto& value : given["values"].as_array())
      declared.decl.choices.emplace_back(value.as_string());
  }
  if (given.contains("description"))
    declared.decl.doc = std::string(given["description"].as_string());
  declared.required = value == nullptr;
  Declared& kept = declared_[entry.key] = std::move(declared);
  if (value == nullptr) return;
  give(kept, value->value, folder);
  // A wrong one is shown by the diagnostic, and one of a secret by nothing.
  if (!invalid_.contains(entry.key)) kept.default_value = value->value.to_json();
}

bool ParamTable::has_secrets() const {
  return std::ranges::any_of(declared_,
                             [](const auto& entry) { return entry.second.type == "secret"; });
}

std::optional<json::value> ParamTable::secret(const std::string& name, const YamlNode& node,
                                              const fs::path& folder) {
  constexpr std::string_view kEnv = "env:";
  constexpr std::string_view kFile = "file:";
  diagnostics_.hide_line(*node.source, node.offset);
  const std::string_view text = node.is_scalar() ? std::string_view(node.text) : "";
  if (text.starts_with(kEnv) && is_name(text.substr(kEnv.size())) &&
      text.find('-') == std::string_view::npos)
    return json::object{{kSecretKey, text}};
  if (text.starts_with(kFile) && text.size() > kFile.size()) {
    const fs::path path = (folder / text.substr(kFile.size())).lexically_normal();
    return json::object{{kSecretKey, std::string(kFile) + path.string()}};
  }
  diagnostics_.error("invalid_value", *node.source, node.offset,
                     "the value of the secret '" + name + "' must be env:NAME or file:PATH",
                     "a secret itself stands in no workflow and on no command line");
  return std::nullopt;
}

ParamTable::Declared* ParamTable::known(const std::string& name, const SourceFile& source,
                                        std::size_t offset) {
  const auto found = declared_.find(name);
  if (found != declared_.end()) return &found->second;
  if (invalid_.contains(name)) return nullptr;                // its declaration is reported already
  if (has_secrets()) diagnostics_.hide_line(source, offset);  // it may be a mistyped one
  std::string hint;
  if (!diagnostics_.full()) hint = did_you_mean(name, order_);
  if (hint.empty()) hint = order_.empty() ? "it declares none" : "parameters: " + listed(order_);
  diagnostics_.error("unknown_parameter", source, offset,
                     "the workflow has no parameter '" + name + "'", hint);
  return nullptr;
}

void ParamTable::give(Declared& declared, const YamlNode& node, const fs::path& folder) {
  const std::string& name = declared.decl.name;
  declared.given = true;
  invalid_.insert(name);
  values_.erase(name);
  if (declared.type == "secret") {
    if (auto value = secret(name, node, folder)) {
      values_[name] = std::move(*value);
      invalid_.erase(name);
    }
    return;
  }
  if (const YamlNode* expression = find_expression(node)) {
    diagnostics_.error("bad_expression", *expression->source, expression->offset,
                       "the value of a parameter cannot hold an expression",
                       "write it where the parameter is used");
    return;
  }
  const json::value given = node.to_json();
  if ((declared.type == "list" && !given.is_array()) ||
      (declared.type == "map" && !given.is_object())) {
    diagnostics_.error(
        "invalid_value", *node.source, node.offset,
        "parameter '" + name + "' must be a " + declared.type + ", not " + node.describe());
    return;
  }
  auto value = canonical_at(declared.decl, given, node, diagnostics_);
  if (!value) return;
  if (declared.type == "path")
    value = json::string((folder / std::string(value->as_string())).lexically_normal().string());
  values_[name] = std::move(*value);
  invalid_.erase(name);
}

void ParamTable::assign(const YamlNode& map, const fs::path& folder) {
  if (map.is_null()) return;
  if (!map.is_map()) {
    diagnostics_.error("invalid_value", *map.source, map.offset,
                       "values of parameters must be a map, not " + map.describe());
    return;
  }
  for (const YamlEntry& entry : map.entries) {
    if (Declared* declared = known(entry.key, *map.source, entry.key_offset))
      give(*declared, entry.value, folder);
  }
}

void ParamTable::set(const std::string& text, const fs::path& folder) {
  const SourcePtr source = SourceFile::make("--set", printable(text));
  const std::size_t equals = source->text.find('=');
  if (equals == std::string::npos || equals == 0) {
    diagnostics_.error("bad_set", *source, 0, "'" + source->text + "' is not NAME=VALUE");
    return;
  }
  Declared* declared = known(source->text.substr(0, equals), *source, 0);
  if (declared == nullptr) return;
  const std::string value = source->text.substr(equals + 1);
  YamlNode node;
  node.source = source;
  node.offset = equals + 1;
  node.text = value;
  if (declared->type == "list" || declared->type == "map") {
    Diagnostics inner;
    auto parsed = parse_yaml(SourceFile::make("--set", value), inner);
    if (!parsed) {
      diagnostics_.error("bad_set", *source, equals + 1,
                         "the value is not a " + declared->type + " in YAML",
                         "write for example --set '" + declared->decl.name +
                             (declared->type == "list" ? "=[1, 2]'" : "={a: 1}'"));
      return;
    }
    node.kind = parsed->kind;
    node.scalar = parsed->scalar;
    node.items = std::move(parsed->items);
    node.entries = std::move(parsed->entries);
  } else {
    const bool text_type = declared->type == "string" || declared->type == "enum" ||
                           declared->type == "path" || declared->type == "secret";
    node.scalar = text_type ? json::value(json::string(value)) : resolve_plain_scalar(value);
  }
  give(*declared, node, folder);
}

std::vector<DeclaredParam> ParamTable::describe() const {
  std::vector<DeclaredParam> described;
  for (const std::string& name : order_) {
    const auto found = declared_.find(name);
    if (found == declared_.end()) continue;
    const Declared& declared = found->second;
    DeclaredParam param;
    param.name = name;
    param.type = declared.type;
    param.doc = declared.decl.doc;
    param.required = declared.required;
    param.default_value = declared.default_value;
    if (const json::value* value = values_.if_contains(name)) param.value = *value;
    param.min = declared.decl.min;
    param.max = declared.decl.max;
    param.values = declared.decl.choices;
    param.where = declared.source->where(declared.offset);
    described.push_back(std::move(param));
  }
  return described;
}

void ParamTable::finish() {
  for (const std::string& name : order_) {
    const auto found = declared_.find(name);
    if (found == declared_.end() || found->second.given) continue;
    diagnostics_.error("missing_parameter", *found->second.source, found->second.offset,
                       "parameter '" + name + "' has no default and no value is given",
                       "give one with --set " + name + "=VALUE");
  }
  json::object ordered;
  for (const std::string& name : order_) {
    if (const auto* value = values_.if_contains(name)) ordered[name] = *value;
  }
  values_ = std::move(ordered);
}

}  // namespace cairn
