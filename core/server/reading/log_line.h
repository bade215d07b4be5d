// One line of an attempt's logs as people read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"
#include "core/server/reading/line_walk.h"

namespace cairn {

// log.jsonl: records {"time","level","message","fields"?}. output.log: any bytes.
enum class LogSource { kLog, kOutput };
[[nodiscard]] const char* to_string(LogSource source);
// "log" or "output"; kInvalidArgument otherwise.
[[nodiscard]] Result<LogSource> parse_log_source(std::string_view word);

// Valid UTF-8, every other byte as \xNN; control characters stay.
[[nodiscard]] std::string readable(std::string_view bytes);

struct LogLine {
  std::string time;   // RFC 3339; empty in output.log and where a record is damaged
  std::string level;  // likewise
  std::string text;   // valid UTF-8: the message and its fields "key=value", or the line
  // Bytes of the whole line where `text` is not all of it.
  std::optional<std::uint64_t> cut;
};
// longest: of the text, in bytes. A record that is none is taken as it is. Reads line.head alone.
[[nodiscard]] LogLine read_log_line(const RawLine& line, LogSource source, std::size_t longest);

// Time and level of a record, from its first bytes; empty where they are not plain to see.
[[nodiscard]] std::string_view time_of(std::string_view record);
[[nodiscard]] std::string_view level_of(std::string_view record);

}  // namespace cairn
