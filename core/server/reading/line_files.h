// Files of lines, read by offset: logs and metrics are as long as they please, memory is not.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// A place in the files of a task: "ATTEMPT:OFFSET", "ATTEMPT:LOG+OUTPUT" of its two logs.
struct Cursor {
  std::uint32_t attempt = 0;
  std::uint64_t offset = 0;
  std::uint64_t output_offset = 0;
};
[[nodiscard]] Result<Cursor> parse_cursor(const std::string& text);

// Calls back with each whole line from the offset on, without its end, and the offset behind it,
// until the callback returns false. Lines above 1 MiB come in pieces. Returns the offset behind
// what was given. A file that is not there is empty; one that became shorter goes on at its end.
using OnLine = std::function<bool(std::string_view line, std::uint64_t end)>;
enum class LastLine { kWhole, kAsItIs };  // whether one without an end is given, too
[[nodiscard]] Result<std::uint64_t> read_lines(const fs::path& file, std::uint64_t offset,
                                               const OnLine& on_line,
                                               LastLine last = LastLine::kWhole);
// Where the last `count` lines begin.
[[nodiscard]] Result<std::uint64_t> tail_offset(const fs::path& file, std::uint64_t count);

}  // namespace cairn
