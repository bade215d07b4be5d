// Resolver: values of a workflow file with their `${…}` evaluated.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

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

// What only expressions of one stage may name, with the task at hand.
struct CellScope {
  const std::vector<std::string>* axes = nullptr;  // of `matrix`; null: it has none
  bool matrix_broken = false;                      // reported: `matrix.NAME` is no further error
  bool foreach = false;
  std::vector<const json::value*> values;  // by axis
  const json::value* item = nullptr;
  std::string_view label;  // of the task, for messages; empty: none is at hand
};

// A value whose expressions are parsed, for many evaluations. The node outlives it.
struct CompiledValue {
  const YamlNode* node = nullptr;
  std::size_t offset = 0;               // in node's text: of one expression of it
  bool broken = false;                  // it has no value; reported
  bool varies = false;                  // it names `matrix` or `item`
  json::value constant;                 // where it does not vary
  std::optional<Template> text;         // a scalar that varies
  std::vector<CompiledValue> children;  // of a list or map that varies
};

// Everything that is wrong goes to the diagnostics, at its own place in the source; nullopt then.
class Resolver {
 public:
  Resolver(const ResolverScope& scope, Diagnostics& diagnostics, const CellScope* cell = nullptr)
      : scope_(scope), diagnostics_(diagnostics), cell_(cell) {}
  // The same for the expressions of a stage with tasks. cell outlives the result and may change.
  [[nodiscard]] Resolver with(const CellScope& cell) const { return {scope_, diagnostics_, &cell}; }

  [[nodiscard]] std::optional<json::value> value(const YamlNode& node) const;
  // The value in the canonical form of a declaration.
  [[nodiscard]] std::optional<json::value> value(const YamlNode& node, const ParamDecl& decl,
                                                 bool of_key = false) const;

  // Evaluates what does not vary.
  [[nodiscard]] CompiledValue compile(const YamlNode& node) const;
  // One expression of a text.
  [[nodiscard]] CompiledValue compile(const YamlNode& node,
                                      const TemplateExpression& expression) const;
  // For the task at hand.
  [[nodiscard]] std::optional<json::value> value(const CompiledValue& compiled) const;
  [[nodiscard]] std::optional<json::value> value(const CompiledValue& compiled,
                                                 const ParamDecl& decl, bool of_key = false) const;

  // A text for people: `${run.id}`, `${matrix.NAME}` and `${item}` stay as they are, for only a run
  // or a task has them.
  [[nodiscard]] std::optional<std::string> description(const YamlNode& node) const;

  // A condition: its truth, or its expression where it reads stages or the matrix.
  struct Condition {
    bool enabled = true;
    std::optional<std::string> deferred;
    std::set<std::string> stages;          // that it reads
    std::optional<CompiledValue> of_cell;  // to be asked for every task
  };
  [[nodiscard]] std::optional<Condition> condition(const YamlNode& node) const;

  [[nodiscard]] std::optional<Template> parse(const YamlNode& node) const;
  // Offsets of error count in node's text. Always false.
  bool report(const YamlNode& node, const ExpressionError& error) const;

 private:
  [[nodiscard]] bool varies(const Expression& expression) const;
  [[nodiscard]] Expression folded(const Expression& expression) const;
  [[nodiscard]] bool names_known(const YamlNode& node, const TemplateExpression& part,
                                 bool stages_allowed) const;
  [[nodiscard]] bool cell_name_known(const ExpressionName& name, ExpressionError& error) const;
  [[nodiscard]] std::optional<json::value> evaluate(const YamlNode& node,
                                                    const TemplateExpression& expression) const;
  [[nodiscard]] std::optional<json::value> text(const YamlNode& node, const Template& parsed) const;
  [[nodiscard]] Result<json::value> lookup(const ExpressionName& name) const;
  [[nodiscard]] std::string of_task() const;

  const ResolverScope& scope_;
  Diagnostics& diagnostics_;
  const CellScope* cell_;
};

// Where a byte of a scalar's text stands in its source: exact from the start of a `${…}` on.
[[nodiscard]] std::size_t source_offset(const YamlNode& scalar, std::size_t text_offset);

}  // namespace cairn
