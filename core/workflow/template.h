// `${…}` inside of texts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "core/workflow/expression.h"

namespace cairn {

// One `${…}` of a text.
struct TemplateExpression {
  Expression expression;
  std::string text;        // between the braces
  std::size_t offset = 0;  // of the '$' in the whole text
};

// A text cut into literal parts (`$${` already read as `${`) and expressions.
struct Template {
  std::vector<std::variant<std::string, TemplateExpression>> parts;

  // Offsets of *error count in text. nullopt with *error filled.
  [[nodiscard]] static std::optional<Template> parse(std::string_view text, ExpressionError* error);

  // The text is one `${…}` and nothing else: its value keeps its type.
  [[nodiscard]] const TemplateExpression* single() const;
  [[nodiscard]] bool has_expressions() const;
};

// How a value stands inside of a text; nullopt for lists, maps and null.
[[nodiscard]] std::optional<std::string> template_text(const json::value& value);

}  // namespace cairn
