#include "core/workflow/resolver.h"

#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

std::string quoted_name(const ExpressionName& name) {
  return "'" + join(name.parts, ".") + "'";
}

std::vector<std::string> keys_of(const json::object& object) {
  std::vector<std::string> keys;
  for (const auto& entry : object) keys.emplace_back(entry.key());
  return keys;
}

}  // namespace

std::size_t source_offset(const YamlNode& scalar, std::size_t text_offset) {
  // The n-th "${" of the text is the n-th "${" of the source after the scalar's begin, whatever
  // quotes, folding or indentation stand between.
  std::size_t in_text = std::string::npos;
  std::size_t in_source = scalar.offset;
  const std::string& source = scalar.source->text;
  for (std::size_t at = scalar.text.find("${"); at != std::string::npos && at <= text_offset;
       at = scalar.text.find("${", at + 1)) {
    const std::size_t found =
        source.find("${", in_text == std::string::npos ? in_source : in_source + 1);
    if (found == std::string::npos) break;
    in_text = at;
    in_source = found;
  }
  return in_text == std::string::npos ? scalar.offset : in_source + (text_offset - in_text);
}

bool Resolver::report(const YamlNode& node, const ExpressionError& error) const {
  diagnostics_.error("bad_expression", *node.source, source_offset(node, error.offset),
                     error.message, error.hint);
  return false;
}

std::optional<Template> Resolver::parse(const YamlNode& node) const {
  ExpressionError error;
  auto parsed = Template::parse(node.text, &error);
  if (!parsed) report(node, error);
  return parsed;
}

bool Resolver::names_known(const YamlNode& node, const TemplateExpression& part,
                           bool stages_allowed) const {
  bool good = true;
  for (const ExpressionName& name : part.expression.names()) {
    const std::string& space = name.parts[0];
    const std::string second = name.parts.size() > 1 ? name.parts[1] : "";
    ExpressionError error{part.offset + 2 + name.offset, "", ""};
    if (space == "params") {
      if (scope_.params.contains(second)) continue;
      if (scope_.invalid_params.contains(second)) return false;  // reported where it was declared
      error.message = "there is no parameter '" + second + "'";
      std::vector<std::string> known = keys_of(scope_.params);
      error.hint = did_you_mean(second, known);
      if (error.hint.empty() && known.empty()) error.hint = "the workflow declares no `params`";
    } else if (space == "run") {
      if (second == "seed" || second == "name") continue;
      error.message = second == "id" ? "run.id is known only once the run exists"
                                     : "there is no " + quoted_name(name);
      error.hint = second == "id" ? "it may stand in descriptions and labels"
                                  : "known are run.seed and run.name";
    } else if (space == "stages") {
      if (stages_allowed && (name.parts[2] == "status" || name.parts.size() == 4)) continue;
      error.message = stages_allowed ? "there is no " + quoted_name(name)
                                     : quoted_name(name) + " is known only while the run goes on";
      error.hint = stages_allowed ? "write stages.NAME.status or stages.NAME.metrics.METRIC"
                                  : "stages.* may stand in `when`";
    } else if (space == "matrix" || space == "item") {
      error.message = "`" + space + "` is not part of this version of Cairn";
    } else {
      error.message = "there is no name '" + space + "'";
      error.hint = did_you_mean(space, {"params", "run", "stages"});
      if (error.hint.empty() && scope_.params.contains(space))
        error.hint = "write 'params." + space + "'";
      if (error.hint.empty()) error.hint = "write '$${' for a literal '${'";
    }
    good = report(node, error);
  }
  return good;
}

Result<json::value> Resolver::lookup(const ExpressionName& name) const {
  if (name.parts[0] == "params") return scope_.params.at(name.parts[1]);
  if (name.parts[0] == "run" && name.parts[1] == "seed") return json::value(scope_.seed);
  if (name.parts[0] == "run") return json::value(json::string(scope_.run_name));
  // A sample of what a run will know: the types are what matters.
  if (name.parts.size() == 4) return json::value(0.5);
  return json::value("succeeded");
}

std::optional<json::value> Resolver::evaluate(const YamlNode& node,
                                              const TemplateExpression& part) const {
  if (!names_known(node, part, false)) return std::nullopt;
  ExpressionError error;
  auto value = part.expression.evaluate([&](const auto& name) { return lookup(name); }, &error);
  if (value) return value;
  error.offset += part.offset + 2;
  report(node, error);
  return std::nullopt;
}

std::optional<json::value> Resolver::value(const YamlNode& node) const {
  if (node.is_list()) {
    json::array list;
    bool good = true;
    for (const YamlNode& item : node.items) {
      auto resolved = value(item);
      good = good && resolved;
      if (good) list.push_back(std::move(*resolved));
    }
    return good ? std::optional<json::value>(std::move(list)) : std::nullopt;
  }
  if (node.is_map()) {
    json::object object;
    bool good = true;
    for (const YamlEntry& entry : node.entries) {
      auto resolved = value(entry.value);
      good = good && resolved;
      if (good) object[entry.key] = std::move(*resolved);
    }
    return good ? std::optional<json::value>(std::move(object)) : std::nullopt;
  }
  if (!node.scalar.is_string()) return node.scalar;
  const auto parsed = parse(node);
  if (!parsed) return std::nullopt;
  if (const TemplateExpression* single = parsed->single()) return evaluate(node, *single);
  std::string text;
  bool good = true;
  for (const auto& part : parsed->parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      text += *literal;
      continue;
    }
    const auto& expression = std::get<TemplateExpression>(part);
    const auto resolved = evaluate(node, expression);
    const auto piece = resolved ? template_text(*resolved) : std::nullopt;
    if (resolved && !piece)
      report(node, {expression.offset, "a list, a map or null cannot stand inside of a text",
                    "join(LIST, ', ') makes a text of a list"});
    good = good && piece;
    if (good) text += *piece;
  }
  return good ? std::optional<json::value>(json::string(text)) : std::nullopt;
}

std::optional<json::value> Resolver::value(const YamlNode& node, const ParamDecl& decl,
                                           bool of_key) const {
  auto resolved = value(node);
  if (!resolved) return std::nullopt;
  // Expressions know durations as milliseconds, for their type has no unit of its own.
  if (decl.type == ParamType::kDuration && node.is_scalar() && node.scalar.is_string() &&
      resolved->is_int64())
    resolved = json::string(std::to_string(resolved->as_int64()) + "ms");
  return canonical_at(decl, *resolved, node, diagnostics_, of_key);
}

std::optional<std::string> Resolver::description(const YamlNode& node) const {
  if (!node.is_scalar() || node.is_null()) {
    diagnostics_.error("invalid_value", *node.source, node.offset,
                       "a text is needed here, not " + node.describe());
    return std::nullopt;
  }
  const auto parsed = parse(node);
  if (!parsed) return std::nullopt;
  std::string text;
  for (const auto& part : parsed->parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      text += *literal;
      continue;
    }
    const auto& expression = std::get<TemplateExpression>(part);
    if (trim(expression.text) == "run.id") {
      text += "${run.id}";
      continue;
    }
    const auto resolved = evaluate(node, expression);
    if (!resolved) return std::nullopt;
    text += template_text(*resolved).value_or(json::serialize(*resolved));
  }
  return text;
}

std::optional<Resolver::Condition> Resolver::condition(const YamlNode& node) const {
  if (node.is_scalar() && node.scalar.is_bool()) return Condition{node.scalar.as_bool(), {}, {}};
  std::optional<Template> parsed;
  if (node.is_scalar() && node.scalar.is_string()) {
    parsed = parse(node);
    if (!parsed) return std::nullopt;
  }
  const TemplateExpression* single = parsed ? parsed->single() : nullptr;
  if (single == nullptr) {
    diagnostics_.error("invalid_value", *node.source, node.offset,
                       "'when' must be true, false or one expression, not " + node.describe(),
                       "write for example ${params.steps > 0}");
    return std::nullopt;
  }
  if (!names_known(node, *single, true)) return std::nullopt;
  const bool deferred = single->expression.uses("stages");
  ExpressionError error;
  const auto value =
      single->expression.evaluate([&](const auto& name) { return lookup(name); }, &error, deferred);
  if (value && value->is_bool()) {
    Condition condition;
    if (!deferred) condition.enabled = value->as_bool();
    if (deferred) condition.deferred = std::string(trim(single->text));
    for (const auto& name : single->expression.names()) {
      if (name.parts[0] == "stages") condition.stages.insert(name.parts[1]);
    }
    return condition;
  }
  if (value)
    error = {0, "'when' must be true or false, but the expression gives something else",
             "compare it, for example with > 0"};
  error.offset += single->offset + 2;
  report(node, error);
  return std::nullopt;
}

}  // namespace cairn
