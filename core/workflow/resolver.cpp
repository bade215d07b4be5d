#include "core/workflow/resolver.h"

#include <algorithm>
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

std::string Resolver::of_task() const {
  const bool at_hand = cell_ != nullptr && !cell_->label.empty();
  return at_hand ? " (task " + std::string(cell_->label) + ")" : "";
}

bool Resolver::report(const YamlNode& node, const ExpressionError& error) const {
  diagnostics_.error("bad_expression", *node.source, source_offset(node, error.offset),
                     error.message + of_task(), error.hint);
  return false;
}

bool Resolver::varies(const Expression& expression) const {
  return expression.uses("matrix") || expression.uses("item");
}

Expression Resolver::folded(const Expression& expression) const {
  return expression.folded([&](const auto& name) { return lookup(name); },
                           [](const ExpressionName& name) {
                             return name.parts[0] == "matrix" || name.parts[0] == "item";
                           });
}

// Fills the error's message; empty: reported elsewhere.
bool Resolver::cell_name_known(const ExpressionName& name, ExpressionError& error) const {
  if (name.parts[0] == "item") {
    if (cell_ != nullptr && cell_->foreach) return true;
    error.message = "`item` has no meaning here";
    error.hint = "it may stand in `with` of a stage with `foreach`";
    return false;
  }
  if (cell_ != nullptr && cell_->matrix_broken) return false;
  if (cell_ == nullptr || cell_->axes == nullptr) {
    error.message = "`matrix` has no meaning here";
    error.hint = "it may stand in `with`, `when` and `description` of a stage with a `matrix`";
    return false;
  }
  const auto& axes = *cell_->axes;
  if (std::ranges::find(axes, name.parts[1]) != axes.end()) return true;
  error.message = "the matrix has no axis '" + name.parts[1] + "'";
  error.hint = did_you_mean(name.parts[1], axes);
  if (error.hint.empty()) error.hint = "axes: " + listed(axes);
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
      if (!diagnostics_.full()) error.hint = did_you_mean(second, keys_of(scope_.params));
      if (scope_.params.empty()) error.hint = "the workflow declares no `params`";
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
      if (cell_name_known(name, error)) continue;
      if (error.message.empty()) return false;
    } else {
      error.message = "there is no name '" + space + "'";
      error.hint = did_you_mean(space, {"params", "run", "stages", "matrix", "item"});
      if (error.hint.empty() && scope_.params.contains(space))
        error.hint = "write 'params." + space + "'";
      if (error.hint.empty()) error.hint = "write '$${' for a literal '${'";
    }
    good = report(node, error);
  }
  return good;
}

Result<json::value> Resolver::lookup(const ExpressionName& name) const {
  if (name.parts[0] == "item") return *cell_->item;
  if (name.parts[0] == "matrix") {
    const auto axis = std::ranges::find(*cell_->axes, name.parts[1]);
    return *cell_->values[static_cast<std::size_t>(axis - cell_->axes->begin())];
  }
  if (name.parts[0] == "params") return scope_.params.at(name.parts[1]);
  if (name.parts[0] == "run" && name.parts[1] == "seed") return json::value(scope_.seed);
  if (name.parts[0] == "run") return json::value(json::string(scope_.run_name));
  // A sample of what a run will know: the types are what matters.
  if (name.parts.size() == 4) return json::value(0.5);
  return json::value("succeeded");
}

// The names of the expression are known.
std::optional<json::value> Resolver::evaluate(const YamlNode& node,
                                              const TemplateExpression& part) const {
  ExpressionError error;
  auto value = part.expression.evaluate([&](const auto& name) { return lookup(name); }, &error);
  if (value) return value;
  error.offset += part.offset + 2;
  report(node, error);
  return std::nullopt;
}

std::optional<json::value> Resolver::text(const YamlNode& node, const Template& parsed) const {
  if (const TemplateExpression* single = parsed.single()) return evaluate(node, *single);
  std::string text;
  bool good = true;
  for (const auto& part : parsed.parts) {
    if (const auto* literal = std::get_if<std::string>(&part)) {
      text += *literal;
      continue;
    }
    const auto& expression = std::get<TemplateExpression>(part);
    const auto resolved = evaluate(node, expression);
    const auto piece = resolved ? template_text(*resolved) : std::nullopt;
    if (resolved && !piece && is_secret(*resolved))
      report(node, {expression.offset, "a secret cannot stand inside of a longer text",
                    "it may be a whole value, and stand in `run` of a shell stage"});
    else if (resolved && !piece)
      report(node, {expression.offset, "a list, a map or null cannot stand inside of a text",
                    "join(LIST, ', ') makes a text of a list"});
    good = good && piece;
    if (good) text += *piece;
  }
  return good ? std::optional<json::value>(json::string(text)) : std::nullopt;
}

CompiledValue Resolver::compile(const YamlNode& node) const {
  CompiledValue compiled;
  compiled.node = &node;
  if (node.is_scalar()) {
    if (!node.scalar.is_string()) {
      compiled.constant = node.scalar;
      return compiled;
    }
    auto parsed = parse(node);
    compiled.broken = !parsed;
    if (!parsed) return compiled;
    for (auto& part : parsed->parts) {
      auto* expression = std::get_if<TemplateExpression>(&part);
      if (expression == nullptr) continue;
      if (!names_known(node, *expression, false)) compiled.broken = true;
      if (compiled.broken) continue;
      if (varies(expression->expression)) {
        compiled.varies = true;
        expression->expression = folded(expression->expression);
      }
    }
    if (compiled.broken) return compiled;
    if (compiled.varies) {
      compiled.text = std::move(parsed);
      return compiled;
    }
    auto value = text(node, *parsed);
    compiled.broken = !value;
    if (value) compiled.constant = std::move(*value);
    return compiled;
  }
  for (const YamlNode& item : node.items) compiled.children.push_back(compile(item));
  for (const YamlEntry& entry : node.entries) compiled.children.push_back(compile(entry.value));
  for (const CompiledValue& child : compiled.children) {
    compiled.broken = compiled.broken || child.broken;
    compiled.varies = compiled.varies || child.varies;
  }
  if (compiled.varies || compiled.broken) return compiled;
  compiled.constant = *value(compiled);
  compiled.children.clear();
  return compiled;
}

CompiledValue Resolver::compile(const YamlNode& node, const TemplateExpression& expression) const {
  CompiledValue compiled;
  compiled.node = &node;
  compiled.offset = expression.offset;
  compiled.broken = !names_known(node, expression, false);
  if (compiled.broken) return compiled;
  compiled.varies = varies(expression.expression);
  Template whole;
  whole.parts.emplace_back(expression);
  if (compiled.varies) {
    auto& part = std::get<TemplateExpression>(whole.parts[0]);
    part.expression = folded(part.expression);
    compiled.text = std::move(whole);
    return compiled;
  }
  auto value = text(node, whole);
  compiled.broken = !value;
  if (value) compiled.constant = std::move(*value);
  return compiled;
}

std::optional<json::value> Resolver::value(const CompiledValue& compiled) const {
  if (compiled.broken) return std::nullopt;
  const YamlNode& node = *compiled.node;
  if (compiled.text) return text(node, *compiled.text);
  if (compiled.children.empty()) {
    if (compiled.varies || node.is_scalar() || !compiled.constant.is_null())
      return compiled.constant;
    return node.is_list() ? json::value(json::array()) : json::value(json::object());
  }
  bool good = true;
  json::array list;
  json::object object;
  for (std::size_t i = 0; i < compiled.children.size(); ++i) {
    auto resolved = value(compiled.children[i]);
    good = good && resolved;
    if (!good) continue;
    if (node.is_list())
      list.push_back(std::move(*resolved));
    else
      object[node.entries[i].key] = std::move(*resolved);
  }
  if (!good) return std::nullopt;
  return node.is_list() ? json::value(std::move(list)) : json::value(std::move(object));
}

std::optional<json::value> Resolver::value(const YamlNode& node) const {
  return value(compile(node));
}

namespace {

// Expressions know durations as milliseconds, for their type has no unit of its own.
void give_units(const ParamDecl& decl, const YamlNode& node, json::value& value) {
  if (decl.type == ParamType::kDuration && node.is_scalar() && node.scalar.is_string() &&
      value.is_int64()) {
    value = json::string(std::to_string(value.as_int64()) + "ms");
  } else if (decl.type == ParamType::kList && node.is_list() && value.is_array()) {
    for (std::size_t i = 0; i < std::min(node.items.size(), value.as_array().size()); ++i)
      give_units(decl.element.front(), node.items[i], value.as_array()[i]);
  } else if (node.is_map() && value.is_object()) {
    for (const YamlEntry& entry : node.entries) {
      const auto field = std::ranges::find(decl.fields, entry.key, &ParamDecl::name);
      const ParamDecl* inner = decl.type == ParamType::kMap ? &decl.element.front()
                               : field != decl.fields.end() ? &*field
                                                            : nullptr;
      json::value* member = value.as_object().if_contains(entry.key);
      if (inner != nullptr && member != nullptr) give_units(*inner, entry.value, *member);
    }
  }
}

}  // namespace

std::optional<json::value> Resolver::value(const CompiledValue& compiled, const ParamDecl& decl,
                                           bool of_key) const {
  auto resolved = value(compiled);
  if (!resolved) return std::nullopt;
  const YamlNode& node = *compiled.node;
  give_units(decl, node, *resolved);
  return canonical_at(decl, *resolved, node, diagnostics_, of_key, of_task());
}

std::optional<json::value> Resolver::value(const YamlNode& node, const ParamDecl& decl,
                                           bool of_key) const {
  return value(compile(node), decl, of_key);
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
    const auto compiled = compile(node, expression);
    if (compiled.varies) {
      text += "${" + expression.text + "}";
      continue;
    }
    const auto resolved = value(compiled);
    if (!resolved) return std::nullopt;
    if (is_secret(*resolved)) {
      report(node, {expression.offset, "a secret cannot stand in a text for people", ""});
      return std::nullopt;
    }
    text += template_text(*resolved).value_or(json::serialize(*resolved));
  }
  return text;
}

std::optional<Resolver::Condition> Resolver::condition(const YamlNode& node) const {
  if (node.is_scalar() && node.scalar.is_bool())
    return Condition{node.scalar.as_bool(), {}, {}, {}};
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
  if (varies(single->expression)) {
    Condition condition;
    if (!deferred) {
      condition.of_cell = compile(node);
      return condition;
    }
    report(node, {single->offset + 2, "'when' cannot read the matrix and stages at once",
                  "what reads the matrix chooses tasks, what reads stages is asked while the run "
                  "goes on"});
    return std::nullopt;
  }
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
