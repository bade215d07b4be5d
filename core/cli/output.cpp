#include "core/cli/output.h"

#include <algorithm>
#include <utility>

#include "core/cli/terminal_text.h"

namespace cairn {
namespace {

// Code points: what a terminal shows for text without wide or combining characters.
std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char byte) { return (byte & 0xc0) != 0x80; }));
}

std::string one_line(std::string text) {
  text = terminal_text(text);
  std::ranges::replace(text, '\n', ' ');
  std::ranges::replace(text, '\t', ' ');
  return text;
}

void print_message(const Cli& cli, Style style, const char* word, const Error& error) {
  Error bare = error;
  bare.hint.clear();
  *cli.err << styled(cli, style, word) << ": " << terminal_text(bare.to_string()) << "\n";
  if (!error.hint.empty()) *cli.err << "  " << terminal_text(error.hint) << "\n";
}

}  // namespace

void Table::add_row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  std::ranges::transform(cells, cells.begin(), one_line);
  rows_.push_back(std::move(cells));
}

void Table::print(std::ostream& out) const {
  std::vector<std::size_t> widths;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    std::size_t width = display_width(columns_[i].title);
    for (const auto& row : rows_) width = std::max(width, display_width(row[i]));
    widths.push_back(width);
  }
  const auto print_cell = [&](std::size_t i, const std::string& text) {
    const std::string padding(widths[i] - display_width(text), ' ');
    const bool last = i + 1 == columns_.size();
    if (columns_[i].align == Align::kRight)
      out << padding << text;
    else
      out << text << (last ? "" : padding);
    out << (last ? "\n" : "  ");
  };
  for (std::size_t i = 0; i < columns_.size(); ++i) print_cell(i, columns_[i].title);
  for (const auto& row : rows_) {
    for (std::size_t i = 0; i < columns_.size(); ++i) print_cell(i, row[i]);
  }
}

void print_json(const Cli& cli, const json::value& value) {
  *cli.out << pretty_json(value);
}

void print_error(const Cli& cli, const Error& error) {
  print_message(cli, Style::kError, "error", error);
}

void print_warning(const Cli& cli, const Error& error) {
  if (!cli.options.quiet) print_message(cli, Style::kWarning, "warning", error);
}

ExitCode exit_code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
      return ExitCode::kUsage;
    case ErrorCode::kNotFound:
      return ExitCode::kNotFound;
    case ErrorCode::kConflict:
      return ExitCode::kConflict;
    case ErrorCode::kUnavailable:
      return ExitCode::kUnreachable;
    case ErrorCode::kCancelled:
      return ExitCode::kCancelled;
    case ErrorCode::kIo:
    case ErrorCode::kCorrupt:
    case ErrorCode::kResourceExhausted:
    case ErrorCode::kInternal:
      return ExitCode::kRunFailed;
  }
  return ExitCode::kRunFailed;
}

ExitCode fail(const Cli& cli, const Error& error) {
  print_error(cli, error);
  return exit_code_of(error);
}

std::string styled(const Cli& cli, Style style, const std::string& text) {
  if (!cli.options.color) return text;
  const char* code = "";
  switch (style) {
    case Style::kError:
      code = "\x1b[1;31m";
      break;
    case Style::kWarning:
      code = "\x1b[1;33m";
      break;
    case Style::kStrong:
      code = "\x1b[1m";
      break;
    case Style::kFaint:
      code = "\x1b[2m";
      break;
  }
  return code + text + "\x1b[0m";
}

}  // namespace cairn
