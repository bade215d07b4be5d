// The documentation of a stage type for people: its declaration as Markdown.
#include <array>

#include "core/base/text.h"
#include "core/workflow/schema.h"

namespace cairn {
namespace {

constexpr std::size_t kLongestDefault = 60;

// A text as a cell of a table.
std::string cell(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    if (c == '|') escaped += '\\';
    escaped += c == '\n' ? ' ' : c;
  }
  return escaped;
}

std::string code(const std::string& text) {
  return "`" + text + "`";
}

// The largest unit that divides the value: 7200000 ms is 2h.
template <std::size_t N>
std::string in_units(std::int64_t value,
                     const std::array<std::pair<std::int64_t, const char*>, N>& units) {
  for (const auto& [size, name] : units)
    if (value != 0 && value % size == 0) return std::to_string(value / size) + name;
  return std::to_string(value) + units.back().second;
}

// As a user would write it.
std::string written(const ParamDecl& param, const json::value& value) {
  if (value.is_int64()) {
    const std::int64_t count = value.as_int64();
    if (param.type == ParamType::kDuration)
      return in_units<5>(
          count, {{{86'400'000, "d"}, {3'600'000, "h"}, {60'000, "m"}, {1000, "s"}, {1, "ms"}}});
    if (param.type == ParamType::kBytes)
      return in_units<4>(count, {{{1 << 30, "Gi"}, {1 << 20, "Mi"}, {1 << 10, "Ki"}, {1, ""}}});
    if (param.type == ParamType::kTokens)
      return in_units<3>(count, {{{1'000'000, "M"}, {1000, "k"}, {1, ""}}});
  }
  return json_text(value);
}

std::string limits(const ParamDecl& param) {
  std::vector<std::string> parts;
  if (param.required) {
    parts.emplace_back("required");
  } else if (param.nullable && param.default_value.is_null()) {
    parts.emplace_back("optional");
  } else {
    const std::string text = written(param, param.default_value);
    parts.push_back(text.size() <= kLongestDefault ? code(text)
                                                   : "a default too long to stand here");
  }
  const ParamDecl* inner = &param;
  while (!inner->element.empty()) inner = &inner->element.front();
  if (inner->min) parts.push_back("≥ " + format_number(*inner->min));
  if (inner->max) parts.push_back("≤ " + format_number(*inner->max));
  if (!inner->choices.empty()) parts.push_back("one of " + join(inner->choices, ", "));
  if (!inner->pattern.empty()) parts.push_back("matches " + code(inner->pattern));
  if (inner->content) parts.emplace_back("its content is in the cache key");
  return join(parts, "; ");
}

// Fields of structures stand below them: `sources[].path`.
std::string param_rows(const ParamDecl& param, const std::string& name) {
  std::string type = type_text(param);
  if (param.type == ParamType::kStruct) type = "map";
  const ParamDecl* inner = &param;
  std::string below = name;
  while (!inner->element.empty()) {
    below += inner->type == ParamType::kList ? "[]" : ".*";
    inner = &inner->element.front();
  }
  if (inner != &param && inner->type == ParamType::kStruct)
    type = std::string(to_string(param.type)) + " of maps";
  std::string rows = "| " + code(name) + " | " + type + " | " + cell(limits(param)) + " | " +
                     cell(param.doc) + " |\n";
  for (const ParamDecl& field : inner->fields) rows += param_rows(field, below + "." + field.name);
  return rows;
}

std::string ports(const char* title, const std::vector<PortDecl>& list) {
  if (list.empty()) return "";
  std::string text = std::string("\n## ") + title + "\n\n| name | kind | what |\n|---|---|---|\n";
  for (const PortDecl& port : list) {
    std::string kind =
        port.kind_from_param.empty() ? port.kind : "as " + code(port.kind_from_param) + " says";
    if (port.list) kind += ", a list";
    if (port.optional) kind += ", optional";
    text += "| " + code(port.name) + " | " + kind + " | " + cell(port.doc) + " |\n";
  }
  return text;
}

std::string metrics(const StageDecl& stage) {
  if (stage.metrics.empty()) return "";
  std::string text = "\n## Metrics\n\n| name | unit | what |\n|---|---|---|\n";
  for (const MetricDecl& metric : stage.metrics)
    text += "| " + code(metric.name) + " | " + cell(metric.unit) + " | " + cell(metric.doc) +
            (metric.runtime ? " (of the machine)" : "") + " |\n";
  return text;
}

}  // namespace

std::string stage_type_markdown(const StageDecl& stage) {
  std::string text = "# " + stage.name + "\n\n" + stage.doc + ".\n";
  if (stage.doc.ends_with('.')) text.erase(text.size() - 2, 1);
  if (!stage.params.empty()) {
    text += "\n## Parameters\n\n| name | type | value | what |\n|---|---|---|---|\n";
    for (const ParamDecl& param : stage.params) text += param_rows(param, param.name);
  }
  if (!stage.checks.empty()) {
    text += "\nIt must hold that:\n\n";
    for (const CheckDecl& check : stage.checks)
      text += "- " + code(to_string(check.rule)) + ": " + check.doc + "\n";
  }
  text += ports("Inputs", stage.inputs);
  if (stage.open_inputs) text += "\nIt takes any further inputs, of any kind.\n";
  text += ports("Outputs", stage.outputs);
  if (!stage.outputs_from_param.empty())
    text += "\nEach key of " + code(stage.outputs_from_param) + " is a further output" +
            (stage.outputs_have_kinds ? ", of the kind that stands there.\n" : ".\n");
  if (!stage.kinds.empty()) {
    text += "\n## Artifact kinds of its own\n\n| name | form | what |\n|---|---|---|\n";
    for (const KindDecl& kind : stage.kinds)
      text += "| " + code(kind.name) + " | " + (kind.folder ? "folder" : "file") + " | " +
              cell(kind.doc) + " |\n";
  }
  text += metrics(stage);
  if (stage.checkpoints)
    text += "\n## Checkpoints\n\n" + stage.checkpoints->doc + ". A step counts " +
            stage.checkpoints->unit + "; the newest " + std::to_string(stage.checkpoints->keep) +
            " stay.\n";
  if (stage.random) text += "\nIt draws random numbers: its seed is part of the cache key.\n";
  return text;
}

}  // namespace cairn
