// `run` of the `shell` stage type: expressions become references to environment variables, so that
// a value is never parsed as shell code.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/workflow/resolver.h"
#include "core/workflow/yaml.h"

namespace cairn {

// The stage type whose `run` is read so.
inline constexpr const char* kShellType = "shell";

// Equal expressions share one.
struct ShellVariable {
  std::string name;
  std::string text;  // the expression
  CompiledValue value;
};

struct ShellText {
  std::string run;  // each `${params.x}` replaced by "${CAIRN_VALUE_PARAMS_X}"
  std::vector<ShellVariable> variables;
};

// An expression where the shell would not replace a variable (inside single quotes, after a
// backslash, in a here-document whose delimiter is quoted) is an error. The text is POSIX sh;
// comments, "$(…)" and here-documents are followed. run_id: `${run.id}` becomes "${CAIRN_RUN_ID}",
// which whoever runs the text sets.
[[nodiscard]] std::optional<ShellText> shell_text(const YamlNode& run, const Resolver& resolver,
                                                  Diagnostics& diagnostics, bool run_id = false);

// The value of a variable for the task at hand: a text, or a secret. Others are reported.
[[nodiscard]] std::optional<json::value> shell_value(const CompiledValue& variable,
                                                     const Resolver& resolver);

// What keeps the shell from replacing a variable at this offset of a script; nullptr where it
// would. Exposed for tests.
[[nodiscard]] const char* shell_quoting(std::string_view script, std::size_t offset);

}  // namespace cairn
