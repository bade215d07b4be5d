// How commands print: tables and JSON on stdout, errors on stderr.
#pragma once

#include <ostream>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/cli/cli.h"

namespace cairn {

// Columns as wide as their widest cell, two spaces between them, a header in capitals; the last
// column is not padded. Control characters of cells are escaped.
class Table {
 public:
  enum class Align { kLeft, kRight };
  struct Column {
    std::string title;
    Align align = Align::kLeft;
  };

  explicit Table(std::vector<Column> columns) : columns_(std::move(columns)) {}
  // One cell for each column.
  void add_row(std::vector<std::string> cells);
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  void print(std::ostream& out) const;

 private:
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

// One indented document.
void print_json(const Cli& cli, const json::value& value);
// "error: MESSAGE" and, below it, the hint.
void print_error(const Cli& cli, const Error& error);
void print_warning(const Cli& cli, const Error& error);

// The exit code an error leads to, where a command knows no better.
[[nodiscard]] ExitCode exit_code_of(const Error& error);
// Prints the error and returns its exit code.
ExitCode fail(const Cli& cli, const Error& error);

enum class Style { kError, kWarning, kStrong, kFaint };
// Text with the escape codes of a style, or as it is where err takes no colours.
[[nodiscard]] std::string styled(const Cli& cli, Style style, const std::string& text);

}  // namespace cairn
