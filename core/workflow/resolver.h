// Resolver: values of a workflow file with their `${…}` evaluated.
#pragma once

#include <optional>
#include <set>
#include <string>

#include "core/base/json.h"
#include "core/workflow/diagnostics.h"
#include "core/workflow/keys.h"
#include "core/workflow/template.h"
#include "core/workflow/yaml.h"

namespace cairn {

// What expressions may name before a run starts.
struct ResolverScope {
  json::object params;
  std::set<std::string, std::less<>> invalid_params;  // declared, but their value is an error
  std::uint64_t seed = 0;
  std::string run_name;
};

// Everything that is wrong goes to the diagnostics, at its own place in the source; nullopt then.
class Resolver {
 public:
  Resolver(const ResolverScope& scope, Diagnostics& diagnostics)
      : scope_(scope), diagnostics_(diagnostics) {}

  [[nodiscard]] std::optional<json::value> value(const YamlNode& node) const;
  // The value in the canonical form of a declaration.
  [[nodiscard]] std::optional<json::value> value(const YamlNode& node, const ParamDecl& decl,
                                                 bool of_key = false) const;
  // A text for people: `${run.id}` stays as it is, for only a run has one.
  [[nodiscard]] std::optional<std::string> description(const YamlNode& node) const;

  // A condition: its truth, or its expression where it reads stages.
  struct Condition {
    bool enabled = true;
    std::optional<std::string> deferred;
    std::set<std::string> stages;  // that it reads
  };
  [[nodiscard]] std::optional<Condition> condition(const YamlNode& node) const;

  [[nodiscard]] std::optional<Template> parse(const YamlNode& node) const;
  [[nodiscard]] std::optional<json::value> evaluate(const YamlNode& node,
                                                    const TemplateExpression& expression) const;

 private:
  bool report(const YamlNode& node, const ExpressionError& error) const;
  bool names_known(const YamlNode& node, const TemplateExpression& part, bool stages_allowed) const;
  Result<json::value> lookup(const ExpressionName& name) const;
  const ResolverScope& scope_;
  Diagnostics& diagnostics_;
};

// Where a byte of a scalar's text stands in its source: exact from the start of a `${…}` on.
[[nodiscard]] std::size_t source_offset(const YamlNode& scalar, std::size_t text_offset);

}  // namespace cairn
