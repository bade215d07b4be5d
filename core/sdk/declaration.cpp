#include "core/sdk/declaration.h"

#include <algorithm>

#include "core/base/text.h"

namespace cairn {
namespace {

template <typename Decl>
const Decl* find_named(const std::vector<Decl>& list, std::string_view name) {
  const auto found = std::ranges::find(list, name, &Decl::name);
  return found == list.end() ? nullptr : &*found;
}

// One '*' at most.
bool name_matches(std::string_view pattern, std::string_view name) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return pattern == name;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) && name.ends_with(tail);
}

const char* word(ParamType type) {
  switch (type) {
    case ParamType::kBool:
      return "bool";
    case ParamType::kInt:
      return "int";
    case ParamType::kDouble:
      return "float";
    case ParamType::kString:
      return "string";
    case ParamType::kTokens:
      return "tokens";
    case ParamType::kBytes:
      return "bytes";
    case ParamType::kDuration:
      return "duration";
    case ParamType::kPath:
      return "path";
    case ParamType::kSecret:
      return "secret";
    case ParamType::kList:
      return "list";
    case ParamType::kMap:
      return "map";
    case ParamType::kStruct:
      return "struct";
    case ParamType::kJson:
      return "json";
  }
  return "json";
}

}  // namespace

const char* to_string(ParamType type) {
  return word(type);
}

std::string type_text(const ParamDecl& param) {
  if (param.type == ParamType::kString && !param.choices.empty()) return "enum";
  if (param.type == ParamType::kList) return "list of " + type_text(param.element.front());
  if (param.type == ParamType::kMap) return "map of " + type_text(param.element.front());
  if (param.type != ParamType::kStruct) return word(param.type);
  std::vector<std::string> names;
  for (const ParamDecl& field : param.fields) names.push_back(field.name);
  return "{" + join(names, ", ") + "}";
}

const ParamDecl* StageDecl::find_param(std::string_view wanted) const {
  return find_named(params, wanted);
}
const PortDecl* StageDecl::find_input(std::string_view wanted) const {
  return find_named(inputs, wanted);
}
const PortDecl* StageDecl::find_output(std::string_view wanted) const {
  return find_named(outputs, wanted);
}
const MetricDecl* StageDecl::find_metric(std::string_view wanted) const {
  const auto found = std::ranges::find_if(
      metrics, [&](const MetricDecl& metric) { return name_matches(metric.name, wanted); });
  return found == metrics.end() ? nullptr : &*found;
}

}  // namespace cairn
