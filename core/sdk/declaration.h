// What a stage type says about itself: parameters, ports, metrics and documentation, as plain data.
//
// Declarations travel in manifests, so that workflows are checked without loading a library. From
// them come validation, JSON Schema, Markdown and the page's forms.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/sdk/kind_decl.h"
#include "core/sdk/rule.h"

namespace cairn {

enum class ParamType {
  kBool,
  kInt,
  kDouble,
  kString,
  kTokens,    // "20k"; canonical: integer
  kBytes,     // "2Gi"; canonical: integer
  kDuration,  // "10s"; canonical: integer milliseconds
  kPath,      // canonical: absolute path, once the workflow resolved it
  kSecret,    // "env:NAME" or "file:PATH"; canonical: {"$secret": …}, and the value in a host
  kList,      // of `element`
  kMap,       // from texts to `element`
  kStruct,    // of `fields`; canonical: every field, in the order of declaration
  kJson,      // any value; the stage checks its shape when it is bound
};

// A parameter, a field of a structure (kStruct), or the element of a list or map (without a name).
struct ParamDecl {
  std::string name;
  ParamType type = ParamType::kString;
  std::string doc;
  bool required = false;
  json::value default_value;  // canonical; null when required
  bool nullable = false;      // null is a value: nothing was given
  std::optional<double> min;  // inclusive, for numbers and quantities
  std::optional<double> max;
  std::vector<std::string> choices;  // for strings
  std::string pattern;               // for strings: a regular expression of the whole text
  // kPath: the cache key holds the digest of what the path names, not the path.
  bool content = false;
  std::vector<ParamDecl> element;  // of a list or map: one
  std::vector<ParamDecl> fields;
};

[[nodiscard]] const char* to_string(ParamType type);
// "int", "list of path", "map of {domain, weight}"
[[nodiscard]] std::string type_text(const ParamDecl& param);

struct PortDecl {
  std::string name;
  std::string kind;
  std::string doc;
  bool optional = false;
  bool list = false;            // inputs only
  std::string kind_from_param;  // outputs only: the kind is this parameter's value (import)
};

struct MetricDecl {
  std::string name;  // a '*' stands for any text: "documents_*"
  std::string unit;
  std::string doc;
  bool runtime = false;  // about the machine and the moment, no part of the result
};

struct CheckpointDecl {
  std::string unit;  // what a step counts: "steps", "files"
  std::string doc;   // what is saved, and when
  int keep = 2;      // how many of the newest stay
};

struct CheckDecl {
  Rule rule;
  std::string doc;  // why
};

struct StageDecl {
  std::string name;  // what `uses:` says
  std::string doc;
  int revision = 1;     // raised when outputs for the same inputs change; part of the cache key
  bool random = false;  // whether the task's seed is part of the cache key
  std::vector<ParamDecl> params;
  std::vector<CheckDecl> checks;
  std::vector<PortDecl> inputs;
  std::vector<PortDecl> outputs;
  std::vector<KindDecl> kinds;  // of the ports, those that are no common kinds
  std::vector<MetricDecl> metrics;
  std::optional<CheckpointDecl> checkpoints;
  bool self_test = false;          // StageType::self_test
  bool open_inputs = false;        // takes any further input, of any kind (shell)
  std::string outputs_from_param;  // further outputs: keys of this map parameter (shell)
  // The values of that map are the kinds of these outputs (exec), else paths of files (shell).
  bool outputs_have_kinds = false;

  [[nodiscard]] const ParamDecl* find_param(std::string_view name) const;
  [[nodiscard]] const PortDecl* find_input(std::string_view name) const;
  [[nodiscard]] const PortDecl* find_output(std::string_view name) const;
  // The declaration a metric of this name falls under.
  [[nodiscard]] const MetricDecl* find_metric(std::string_view name) const;
};

// Where in a value something is wrong: keys of maps and structures, indexes of lists as decimal
// numbers, from the outside in. Empty: the value itself.
struct ParamProblem {
  std::vector<std::string> path;
  bool of_key = false;  // the key at the end of the path is wrong, not what stands behind it
  Error error;
};

// The canonical form of a value a user gave: type, range, choices and pattern checked, quantities
// parsed, defaults of fields filled in. Problems are added, each at its place, all at once; the
// value is usable only when none was.
[[nodiscard]] json::value canonical_param(const ParamDecl& param, const json::value& given,
                                          std::vector<ParamProblem>& problems);
// With the first problem as the error, which knows no position.
[[nodiscard]] Result<json::value> canonical_param(const ParamDecl& param, const json::value& given);

// A secret is a reference that a host replaces by what it names, when an attempt starts:
// {"$secret": "env:NAME"} or {"$secret": "file:PATH"}. A text parameter takes one in place of a
// text, a secret parameter always, and a JSON parameter anywhere inside.
inline constexpr const char* kSecretKey = "$secret";
[[nodiscard]] bool is_secret(const json::value& value);

// Every parameter of the declaration, defaults filled in; unknown and missing names are errors, and
// so is a check that does not hold. Takes what is canonical already, too, and the text of a secret
// in place of its reference: a host binds with it.
[[nodiscard]] Result<json::object> canonical_params(const StageDecl& stage,
                                                    const json::object& given);
// The checks that do not hold for canonical parameters. One whose parameters are not all there, or
// hold what only a host knows, is left out.
[[nodiscard]] std::vector<const CheckDecl*> broken_checks(const StageDecl& stage,
                                                          const json::object& params);
// "'shortest' is 9 and 'longest' is 3: the range must not be empty (shortest <= longest)"
[[nodiscard]] Error check_error(const CheckDecl& check, const json::object& params);

[[nodiscard]] json::object to_json(const StageDecl& stage);
[[nodiscard]] Result<StageDecl> stage_decl_from_json(const json::object& object);

}  // namespace cairn
