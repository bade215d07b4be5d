#include "core/workflow/template.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace cairn {
namespace {

// Offset of the '}' that closes an expression starting at `start`; npos where there is none.
std::size_t find_close(std::string_view text, std::size_t start) {
  char quote = 0;
  for (std::size_t i = start; i < text.size(); ++i) {
    if (quote != 0) {
      if (text[i] == '\\')
        ++i;
      else if (text[i] == quote)
        quote = 0;
    } else if (text[i] == '\'' || text[i] == '"') {
      quote = text[i];
    } else if (text[i] == '}') {
      return i;
    }
  }
  return text.find('}', start);  // quotes that never close: let the parser say so
}

}  // namespace

std::optional<Template> Template::parse(std::string_view text, ExpressionError* error) {
  Template result;
  std::string literal;
  const auto flush = [&] {
    if (!literal.empty()) result.parts.emplace_back(std::exchange(literal, {}));
  };
  for (std::size_t i = 0; i < text.size();) {
    if (text.substr(i).starts_with("$${")) {
      literal += "${";
      i += 3;
      continue;
    }
    if (!text.substr(i).starts_with("${")) {
      literal += text[i++];
      continue;
    }
    const std::size_t close = find_close(text, i + 2);
    if (close == std::string_view::npos) {
      *error = {i, "'${' is never closed", "write '$${' for a literal '${'"};
      return std::nullopt;
    }
    const std::string_view inner = text.substr(i + 2, close - i - 2);
    auto expression = Expression::parse(inner, error);
    if (!expression) {
      error->offset += i + 2;
      return std::nullopt;
    }
    flush();
    result.parts.emplace_back(TemplateExpression{std::move(*expression), std::string(inner), i});
    i = close + 1;
  }
  flush();
  return result;
}

const TemplateExpression* Template::single() const {
  return parts.size() == 1 ? std::get_if<TemplateExpression>(&parts[0]) : nullptr;
}

bool Template::has_expressions() const {
  for (const auto& part : parts) {
    if (std::holds_alternative<TemplateExpression>(part)) return true;
  }
  return false;
}

std::optional<std::string> template_text(const json::value& value) {
  if (value.is_string()) return std::string(value.as_string());
  if (value.is_null() || value.is_structured()) return std::nullopt;
  if (value.is_double()) {
    const double number = value.as_double();
    if (number == std::floor(number) && std::abs(number) < 1e15)
      return std::to_string(static_cast<std::int64_t>(number));
    char text[32];
    for (int digits = 1; digits <= 17; ++digits) {  // the shortest that reads back as the same
      std::snprintf(text, sizeof text, "%.*g", digits, number);
      if (std::strtod(text, nullptr) == number) break;
    }
    return std::string(text);
  }
  return json::serialize(value);
}

}  // namespace cairn
