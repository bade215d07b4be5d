// `run` of the `shell` stage type: expressions become references to environment variables, so that
// a value is never parsed as shell code.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/workflow/resolver.h"
#include "core/workflow/yaml.h"

namespace cairn {

// The stage type whose `run` is read so.
inline constexpr const char* kShellType = "shell";

struct ShellText {
  std::string run;  // each `${…}` replaced by "${CAIRN_VALUE_n}"
  std::vector<std::pair<std::string, std::string>> variables;  // equal expressions share one
};

// An expression where the shell would not replace a variable (inside single quotes, after a
// backslash, in a here-document whose delimiter is quoted) is an error. The text is POSIX sh;
// comments, "$(…)" and here-documents are followed.
[[nodiscard]] std::optional<ShellText> shell_text(const YamlNode& run, const Resolver& resolver,
                                                  Diagnostics& diagnostics);

// What keeps the shell from replacing a variable at this offset of a script; nullptr where it
// would. Exposed for tests.
[[nodiscard]] const char* shell_quoting(std::string_view script, std::size_t offset);

}  // namespace cairn
