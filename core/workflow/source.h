// Reading a file that a user names, before any parser sees it.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/workflow/diagnostics.h"

namespace cairn {

inline constexpr std::uint64_t kMaxSourceBytes = std::uint64_t{4} << 20;
inline constexpr int kMaxBrackets = 1000;
// yaml-cpp keeps all brackets of a line in memory before it gives the first of them away.
inline constexpr std::uint64_t kMaxLineBytes = std::uint64_t{128} << 10;

// The text of a file. A missing file is the error kNotFound; everything else that is wrong with
// it becomes a diagnostic, and the result is null: a directory, unreadable, larger than
// kMaxSourceBytes (never read whole), empty, binary, not UTF-8, lines
// beyond kMaxLineBytes, more than kMaxBrackets open brackets, tabs as indentation.
[[nodiscard]] Result<SourcePtr> read_source(const fs::path& path, const std::string& name,
                                            Diagnostics& diagnostics);

// The same checks for a text at hand; null with a diagnostic where one fails. A byte order mark is
// removed.
[[nodiscard]] SourcePtr check_source(std::string name, std::string text, Diagnostics& diagnostics);

}  // namespace cairn
