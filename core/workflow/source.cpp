#include "core/workflow/source.h"

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <optional>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

SourcePtr refuse(Diagnostics& diagnostics, const std::string& name, const char* code,
                 std::string message, std::string hint = {}) {
  diagnostics.error(code, *SourceFile::make(name, ""), 0, std::move(message), std::move(hint));
  return nullptr;
}

std::string limit_text() {
  return "the limit is " + format_bytes(kMaxSourceBytes);
}

// Offset of the first byte that starts no well-formed UTF-8 sequence.
std::optional<std::size_t> first_invalid_utf8(std::string_view text) {
  constexpr std::size_t kLongest = 4;
  if (is_valid_utf8(text)) return std::nullopt;
  std::size_t start = 0;  // of the first line that is not valid
  for (std::string_view line : split(text, '\n')) {
    if (!is_valid_utf8(line)) break;
    start += line.size() + 1;
  }
  const auto step = [&]() -> std::size_t {  // length of the sequence at start, 0: none
    for (std::size_t length = 1; length <= kLongest; ++length) {
      if (is_valid_utf8(text.substr(start, length))) return length;
    }
    return 0;
  };
  while (const std::size_t length = step()) start += length;
  return start;
}

bool is_binary(unsigned char byte) {
  return byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r';
}

// The bracket that opens more levels than yaml-cpp can look ahead over in little memory. Brackets
// inside of texts count as well: no text has so many that never close.
std::optional<std::size_t> bracket_too_deep(std::string_view text) {
  int open = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if ((c == ']' || c == '}') && open > 0) --open;
    if ((c == '[' || c == '{') && ++open > kMaxBrackets) return at;
  }
  return std::nullopt;
}

// Whether the rest of a block scalar's header stands at the end of a line: "run: |", "- >-".
bool opens_block_scalar(std::string_view line) {
  if (const auto comment = line.find(" #"); comment != std::string_view::npos)
    line = line.substr(0, comment);
  line = trim(line);
  while (!line.empty() &&
         (line.back() == '+' || line.back() == '-' || (line.back() >= '0' && line.back() <= '9')))
    line.remove_suffix(1);
  if (line.empty() || (line.back() != '|' && line.back() != '>')) return false;
  line.remove_suffix(1);
  return line.empty() || line.back() == ' ' || line.back() == '\t';
}

// The first tab inside the indentation of a line that is no text of a block scalar.
std::optional<std::size_t> indenting_tab(const SourceFile& source) {
  std::optional<std::size_t> block_indent;
  for (std::size_t number = 0; number < source.line_starts.size(); ++number) {
    const std::string_view line = source.line(static_cast<int>(number) + 1);
    const std::size_t spaces = std::min(line.find_first_not_of(' '), line.size());
    if (trim(line).empty() || (block_indent && spaces > *block_indent)) continue;
    block_indent.reset();
    if (line[spaces] == '\t') return source.line_starts[number] + spaces;
    if (opens_block_scalar(line)) block_indent = spaces;
  }
  return std::nullopt;
}

}  // namespace

SourcePtr check_source(std::string name, std::string text, Diagnostics& diagnostics) {
  if (text.size() > kMaxSourceBytes)
    return refuse(diagnostics, name, "too_large", "the file is too large", limit_text());
  if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
  const auto binary = std::ranges::find_if(
      text, [](char byte) { return is_binary(static_cast<unsigned char>(byte)); });
  if (binary != text.end()) {
    const auto offset = binary - text.begin();
    return refuse(
        diagnostics, name, "not_text",
        "the file is not text: byte " + std::to_string(offset) + " is a control character",
        "a workflow is a YAML file in UTF-8");
  }
  if (const auto bad = first_invalid_utf8(text)) {
    const auto source = SourceFile::make(name, text.substr(0, *bad));
    diagnostics.error("not_utf8", *source, *bad,
                      "the file is not valid UTF-8 (byte " + std::to_string(*bad) + ")",
                      "save it as UTF-8, for example with 'iconv -t UTF-8'");
    return nullptr;
  }
  if (trim(text).empty())
    return refuse(diagnostics, name, "empty", "the file is empty",
                  "a workflow starts with 'cairn: 1' and has 'stages:'");
  auto source = SourceFile::make(std::move(name), std::move(text));
  for (std::size_t number = 1; number <= source->line_starts.size(); ++number) {
    if (source->line(static_cast<int>(number)).size() <= kMaxLineBytes) continue;
    diagnostics.error("long_line", *source, source->line_starts[number - 1],
                      "line " + std::to_string(number) + " is too long",
                      "the limit is " + format_bytes(kMaxLineBytes));
    return nullptr;
  }
  if (const auto bracket = bracket_too_deep(source->text)) {
    diagnostics.error(
        "too_deep", *source, *bracket,
        "nested too deep: more than " + std::to_string(kMaxBrackets) + " brackets are open here");
    return nullptr;
  }
  if (const auto tab = indenting_tab(*source)) {
    diagnostics.error("tab", *source, *tab, "a tab in the indentation",
                      "YAML is indented with spaces");
    return nullptr;
  }
  return source;
}

Result<SourcePtr> read_source(const fs::path& path, const std::string& name,
                              Diagnostics& diagnostics) {
  std::error_code failed;
  const fs::file_status status = fs::status(path, failed);
  if (status.type() == fs::file_type::not_found || failed == std::errc::not_a_directory)
    return not_found("there is no file " + name);
  if (failed)
    return refuse(diagnostics, name, "unreadable", "cannot read the file: " + failed.message());
  if (fs::is_directory(status))
    return refuse(diagnostics, name, "directory", "this is a directory, not a workflow file");
  if (fs::is_regular_file(status)) {
    const std::uint64_t size = fs::file_size(path, failed);
    if (!failed && size > kMaxSourceBytes)
      return refuse(diagnostics, name, "too_large", "the file is too large: " + format_bytes(size),
                    limit_text());
  }
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxSourceBytes + 1, '\0');
  errno = 0;
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (!file.is_open() || file.bad())
    return refuse(diagnostics, name, "unreadable",
                  "cannot read the file: " + std::generic_category().message(errno),
                  "check its permissions");
  text.resize(static_cast<std::size_t>(file.gcount()));
  return check_source(name, std::move(text), diagnostics);
}

}  // namespace cairn
