#include <string>

#include "core/base/text.h"
#include "core/workflow/expression.h"

namespace cairn {

Result<bool> evaluate_condition(const std::string& text, const ConditionScope& scope) {
  ExpressionError error;
  const auto expression = Expression::parse(text, &error);
  const NameLookup lookup = [&](const ExpressionName& name) -> Result<json::value> {
    const auto& parts = name.parts;
    const std::string full = join(parts, ".");
    if (parts[0] == "params" && scope.params.contains(parts[1])) return scope.params.at(parts[1]);
    if (full == "run.seed") return json::value(scope.seed);
    if (full == "run.name") return json::value(json::string(scope.run_name));
    if (parts[0] == "stages" && parts[2] == "status") {
      if (auto status = scope.status(parts[1])) return json::value(json::string(*status));
    }
    if (parts[0] == "stages" && parts.size() == 4) {
      if (auto value = scope.metric(parts[1], parts[3])) return json::value(*value);
      return not_found("stage '" + parts[1] + "' reported no metric '" + parts[3] + "'");
    }
    return not_found("there is no '" + full + "'");
  };
  const auto value = expression ? expression->evaluate(lookup, &error) : std::nullopt;
  if (!value)
    return invalid_argument("condition '" + text + "', column " + std::to_string(error.offset + 1) +
                                ": " + error.message,
                            error.hint);
  if (!value->is_bool())
    return invalid_argument("condition '" + text + "' gives neither true nor false");
  return value->as_bool();
}

}  // namespace cairn
