#include "core/server/reading/log_line.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/server/reading/fields.h"
#include "core/server/reading/text_head.h"

namespace cairn {
namespace {

constexpr std::string_view kTime = R"({"time":")";
constexpr std::string_view kLevel = R"(","level":")";
constexpr std::string_view kMessage = R"(","message":")";
constexpr std::size_t kLongestEscape = 12;  // \uD83D\uDE00
constexpr std::size_t kLongestWord = 64;    // of a time or level

std::size_t sequence_at(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const std::size_t length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  return length <= text.size() && is_valid_utf8(text.substr(0, length)) ? length : 0;
}

// What stands between quotes from `at` on, as the writer of these records lays them out.
std::optional<std::string_view> word_behind(std::string_view record, std::string_view key,
                                            std::size_t at) {
  if (record.substr(at, key.size()) != key) return std::nullopt;
  const std::size_t begin = at + key.size();
  const std::size_t end = record.find_first_of("\"\\", begin);
  if (end == std::string_view::npos || record[end] == '\\') return std::nullopt;
  return record.substr(begin, end - begin);
}

// The first bytes of a JSON string that goes on and on.
std::string begin_of_string(std::string_view escaped, std::size_t longest) {
  std::string_view piece = escaped.substr(0, longest);
  for (std::size_t back = 0; back < kLongestEscape && !piece.empty(); ++back) {
    const auto value = parse_json("\"" + std::string(piece) + "\"");
    if (value.ok() && value->is_string()) return std::string(value->as_string());
    piece.remove_suffix(1);
  }
  return readable(escaped.substr(0, longest));
}

// A record of which the end is not at hand.
LogLine read_begin(const RawLine& line, std::size_t longest) {
  LogLine read;
  read.cut = line.bytes;
  const auto time = word_behind(line.head, kTime, 0);
  const std::size_t level_at = time ? kTime.size() + time->size() : 0;
  const auto level = time ? word_behind(line.head, kLevel, level_at) : std::nullopt;
  const std::size_t message_at = level ? level_at + kLevel.size() + level->size() : 0;
  if (level && line.head.substr(message_at, kMessage.size()) == kMessage) {
    read.time = text_head(readable(*time), kLongestWord);
    read.level = text_head(readable(*level), kLongestWord);
    read.text = begin_of_string(line.head.substr(message_at + kMessage.size()), longest);
  } else {
    read.text = readable(line.head.substr(0, longest));
  }
  read.text.resize(text_head(read.text, longest).size());
  return read;
}

std::string text_of_record(const json::object& record) {
  std::string text = text_of(record, "message");
  const json::value* fields = record.if_contains("fields");
  if (fields == nullptr || !fields->is_object()) return text;
  for (const auto& [key, value] : fields->as_object()) {
    text += ' ';
    text += key;
    text += '=';
    text += value.is_string() ? std::string(value.as_string()) : json_text(value);
  }
  return text;
}

}  // namespace

const char* to_string(LogSource source) {
  return source == LogSource::kLog ? "log" : "output";
}

Result<LogSource> parse_log_source(std::string_view word) {
  if (word == "log") return LogSource::kLog;
  if (word == "output") return LogSource::kOutput;
  return invalid_argument("'" + printable(word) + "' is no source of lines",
                          "'log' has what stages logged, 'output' what they printed");
}

std::string readable(std::string_view bytes) {
  constexpr std::string_view kHex = "0123456789abcdef";
  if (is_valid_utf8(bytes)) return std::string(bytes);
  std::string text;
  while (!bytes.empty()) {
    const std::size_t length = sequence_at(bytes);
    if (length == 0) {
      const auto byte = static_cast<unsigned char>(bytes[0]);
      text += "\\x";
      text += kHex[byte >> 4];
      text += kHex[byte & 15];
      bytes.remove_prefix(1);
      continue;
    }
    text += bytes.substr(0, length);
    bytes.remove_prefix(length);
  }
  return text;
}

LogLine read_log_line(const RawLine& line, LogSource source, std::size_t longest) {
  if (source == LogSource::kLog) {
    if (line.head.size() < line.bytes) return read_begin(line, longest);
    if (auto record = parse_json_object(line.head); record.ok()) {
      LogLine read{std::string(text_head(text_of(*record, "time"), kLongestWord)),
                   std::string(text_head(text_of(*record, "level"), kLongestWord)),
                   text_of_record(*record), std::nullopt};
      if (read.text.size() > longest) {
        read.text.resize(text_head(read.text, longest).size());
        read.cut = line.bytes;
      }
      return read;
    }
  }
  // A character may be cut in two where the head ends: that is none of its bytes' fault.
  std::string_view head = line.head;
  if (head.size() > longest) {
    std::size_t most = longest;
    for (std::size_t back = 0; back < 3 && most > 0; ++back, --most)
      if ((static_cast<unsigned char>(head[most]) & 0xc0) != 0x80) break;
    head = head.substr(0, most);
  }
  LogLine read;
  read.text = readable(head);
  if (head.size() < line.bytes || read.text.size() > longest) read.cut = line.bytes;
  read.text.resize(text_head(read.text, longest).size());
  return read;
}

std::string_view time_of(std::string_view record) {
  return word_behind(record, kTime, 0).value_or(std::string_view());
}

std::string_view level_of(std::string_view record) {
  const auto time = word_behind(record, kTime, 0);
  if (!time) return {};
  return word_behind(record, kLevel, kTime.size() + time->size()).value_or(std::string_view());
}

}  // namespace cairn
