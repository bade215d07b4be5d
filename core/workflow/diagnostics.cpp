#include "core/workflow/diagnostics.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "core/base/text.h"

namespace cairn {
namespace {

bool starts_code_point(char byte) {
  return (byte & 0xc0) != 0x80;
}

std::size_t code_points(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, starts_code_point));
}

// The part of a line around a column, and the column inside it. Wide lines are cut, so that one
// line of many megabytes does not fill the screen.
struct Excerpt {
  std::string text;
  std::size_t column;  // from 0, in code points
};

Excerpt excerpt(std::string_view line, int column) {
  constexpr std::size_t kBefore = 60;
  constexpr std::size_t kWidth = 100;
  const std::size_t target = column > 0 ? static_cast<std::size_t>(column) - 1 : 0;
  const std::size_t first = target > kBefore + 20 ? target - kBefore : 0;
  Excerpt result{first > 0 ? "…" : "", target - first + (first > 0 ? 1 : 0)};
  std::size_t index = 0;
  for (std::size_t i = 0; i < line.size();) {
    std::size_t end = i + 1;
    while (end < line.size() && !starts_code_point(line[end])) ++end;
    if (index >= first + kWidth) {
      result.text += "…";
      break;
    }
    if (index >= first) {
      const auto lead = static_cast<unsigned char>(line[i]);
      result.text += lead < 0x20 || lead == 0x7f ? " " : std::string(line.substr(i, end - i));
    }
    i = end;
    ++index;
  }
  return result;
}

const char* to_string(Severity severity) {
  return severity == Severity::kError ? "error" : "warning";
}

std::string count_text(std::size_t count, const char* noun) {
  return std::to_string(count) + " " + noun + (count == 1 ? "" : "s");
}

}  // namespace

SourcePtr SourceFile::make(std::string name, std::string text) {
  auto source = std::make_shared<SourceFile>();
  source->name = std::move(name);
  source->text = std::move(text);
  source->line_starts.push_back(0);
  for (std::size_t i = 0; i < source->text.size(); ++i) {
    if (source->text[i] == '\n') source->line_starts.push_back(i + 1);
  }
  return source;
}

Where SourceFile::where(std::size_t offset) const {
  offset = std::min(offset, text.size());
  const auto next = std::ranges::upper_bound(line_starts, offset);
  const std::size_t index = static_cast<std::size_t>(next - line_starts.begin()) - 1;
  const std::size_t start = line_starts[index];
  return {name, static_cast<int>(index) + 1,
          static_cast<int>(code_points(std::string_view(text).substr(start, offset - start))) + 1};
}

std::string_view SourceFile::line(int number) const {
  if (number < 1 || static_cast<std::size_t>(number) > line_starts.size()) return {};
  const std::size_t start = line_starts[static_cast<std::size_t>(number) - 1];
  std::string_view rest = std::string_view(text).substr(start);
  rest = rest.substr(0, rest.find('\n'));
  if (rest.ends_with('\r')) rest.remove_suffix(1);
  return rest;
}

void Diagnostics::add(Severity severity, std::string code, const SourceFile& source,
                      std::size_t offset, std::string message, std::string hint) {
  (severity == Severity::kError ? errors_ : warnings_) += 1;
  if (full()) return;
  Diagnostic item{
      severity, std::move(code), std::move(message), source.where(offset), std::move(hint), {}};
  constexpr std::size_t kKeptLine = 4096;
  const std::string_view line = source.line(item.where.line);
  if (line.size() <= kKeptLine && !hidden_.contains({item.where.file, item.where.line}))
    item.source_line = line;
  items_.push_back(std::move(item));
}

void Diagnostics::hide_line(const SourceFile& source, std::size_t offset) {
  const Where where = source.where(offset);
  hidden_.emplace(where.file, where.line);
  for (Diagnostic& item : items_) {
    if (item.where.file == where.file && item.where.line == where.line) item.source_line.clear();
  }
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<std::string> files;
  for (const auto& item : items_) {
    if (std::ranges::find(files, item.where.file) == files.end()) files.push_back(item.where.file);
  }
  const auto key = [&](const Diagnostic& item) {
    return std::tuple(std::ranges::find(files, item.where.file) - files.begin(), item.where.line,
                      item.where.column);
  };
  std::vector<Diagnostic> items = items_;
  std::ranges::stable_sort(items, {}, key);
  return items;
}

json::object Diagnostics::to_json() const {
  json::array list;
  for (const auto& item : sorted()) {
    list.push_back(json::object{{"severity", to_string(item.severity)},
                                {"code", item.code},
                                {"message", item.message},
                                {"file", item.where.file},
                                {"line", item.where.line},
                                {"column", item.where.column},
                                {"hint", item.hint}});
  }
  return {{"valid", !has_errors()}, {"diagnostics", std::move(list)}};
}

std::string Diagnostics::to_text() const {
  std::string text;
  for (const auto& item : sorted()) {
    text += printable(item.where.file) + ":" + std::to_string(item.where.line) + ":" +
            std::to_string(item.where.column) + ": " + to_string(item.severity) + ": " +
            printable(item.message) + "\n";
    if (!trim(item.source_line).empty()) {
      char number[16];
      std::snprintf(number, sizeof number, "%5d", item.where.line);
      const Excerpt shown = excerpt(item.source_line, item.where.column);
      text += std::string(number) + " | " + shown.text + "\n      | " +
              std::string(shown.column, ' ') + "^\n";
    }
    if (!item.hint.empty()) text += "        " + printable(item.hint) + "\n";
  }
  if (errors_ + warnings_ > items_.size())
    text += "… and " + std::to_string(errors_ + warnings_ - items_.size()) + " more\n";
  if (errors_ + warnings_ > 0) {
    text += count_text(errors_, "error");
    if (warnings_ > 0) text += ", " + count_text(warnings_, "warning");
    text += "\n";
  }
  return text;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  auto near = nearest_word(word, candidates);
  return near ? "did you mean '" + *near + "'?" : "";
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kMost = 20;
  if (names.size() <= kMost) return join(names, ", ");
  const auto first = std::vector<std::string>(names.begin(), names.begin() + kMost);
  return join(first, ", ") + " and " + std::to_string(names.size() - kMost) + " more";
}

}  // namespace cairn
