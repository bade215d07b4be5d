// What a stage type says about itself: parameters, ports and documentation, as plain data.
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

namespace cairn {

// Artifact kinds. `file` and `directory` are what a port takes that does not care.
namespace kind {
inline constexpr const char* kDocuments = "documents";      // JSON Lines, one Document each
inline constexpr const char* kQa = "qa";                    // JSON Lines, one QaRecord each
inline constexpr const char* kModel = "model";              // Hugging Face folder
inline constexpr const char* kTokenizer = "tokenizer";      // folder with tokenizer.json
inline constexpr const char* kRollouts = "rollouts";        // folder: steps.jsonl, rollouts.jsonl
inline constexpr const char* kPredictions = "predictions";  // JSON Lines {id, response}
inline constexpr const char* kScores = "scores";            // JSON Lines {id, score, ...}
inline constexpr const char* kSummary = "summary";          // one JSON object
inline constexpr const char* kReport = "report";            // folder with index.html, or JSON
inline constexpr const char* kTable = "table";              // JSON Lines of flat objects
inline constexpr const char* kFile = "file";
inline constexpr const char* kDirectory = "directory";
}  // namespace kind

[[nodiscard]] const std::vector<std::string>& all_kinds();
// Whether an artifact of kind `given` may feed a port that wants `wanted`: equal kinds, and `file`
// takes and gives anything.
[[nodiscard]] bool kind_matches(std::string_view given, std::string_view wanted);

enum class ParamType {
  kBool,
  kInt,
  kDouble,
  kString,
  kTokens,    // "20k"; canonical: integer
  kBytes,     // "2Gi"; canonical: integer
  kDuration,  // "10s"; canonical: integer milliseconds
  kPath,      // canonical: absolute path, once the workflow resolved it
  kStringList,
  kIntList,
  kDoubleList,
  kJson,  // any value; the stage checks its shape when it is bound
};

[[nodiscard]] const char* to_string(ParamType type);

struct ParamDecl {
  std::string name;
  ParamType type = ParamType::kString;
  std::string doc;
  bool required = false;
  json::value default_value;  // canonical; null when required
  std::optional<double> min;  // inclusive, for numbers and for each element of number lists
  std::optional<double> max;
  std::vector<std::string> choices;  // for strings and each element of string lists
  // kPath only: the cache key holds the digest of what the path names, not the path.
  bool content = false;
};

struct PortDecl {
  std::string name;
  std::string kind;
  std::string doc;
  bool optional = false;
  bool list = false;            // inputs only
  std::string kind_from_param;  // outputs only: the kind is this parameter's value (import)
};

struct StageDecl {
  std::string name;  // what `uses:` says
  std::string doc;
  int revision = 1;     // raised when outputs for the same inputs change; part of the cache key
  bool random = false;  // whether the task's seed is part of the cache key
  std::vector<ParamDecl> params;
  std::vector<PortDecl> inputs;
  std::vector<PortDecl> outputs;
  bool open_inputs = false;        // takes any further input, of any kind (shell)
  std::string outputs_from_param;  // further outputs: keys of this object parameter (shell)

  [[nodiscard]] const ParamDecl* find_param(std::string_view name) const;
  [[nodiscard]] const PortDecl* find_input(std::string_view name) const;
  [[nodiscard]] const PortDecl* find_output(std::string_view name) const;
};

// The canonical form of a value a user gave: type, range and choices checked, quantities parsed.
// The error says what was expected and what stands there; it knows no position.
[[nodiscard]] Result<json::value> canonical_param(const ParamDecl& param, const json::value& given);

// A secret is a reference that a host replaces by what it names, when an attempt starts:
// {"$secret": "env:NAME"} or {"$secret": "file:PATH"}. A text parameter takes one in place of a
// text, and a JSON parameter anywhere inside.
inline constexpr const char* kSecretKey = "$secret";
[[nodiscard]] bool is_secret(const json::value& value);

// Every parameter of the declaration, defaults filled in; unknown and missing names are errors.
[[nodiscard]] Result<json::object> canonical_params(const StageDecl& stage,
                                                    const json::object& given);

[[nodiscard]] json::object to_json(const StageDecl& stage);
[[nodiscard]] Result<StageDecl> stage_decl_from_json(const json::object& object);

}  // namespace cairn
