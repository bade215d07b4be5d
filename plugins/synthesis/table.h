// Tables in documents: a header line and rows, cells separated by " | " (RECIPE §2, "Parse
// documents ... extract each table's schema").
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::synthesis {

// Column names in lower case that begin so belong to the corpus tables.
inline constexpr const char* kReservedPrefix = "cairn ";

enum class ColumnType { kInteger, kReal, kText };

[[nodiscard]] const char* to_string(ColumnType type);

struct Column {
  std::string name;
  ColumnType type = ColumnType::kText;
};

struct Table {
  const text::Document* document = nullptr;  // outlives the table
  std::vector<Column> columns;
  std::vector<std::vector<std::string>> rows;  // cells as written, as many as columns
  std::string folded;                          // of title and text, ASCII lower case
  bool held_out = false;

  // Equal for tables that can be joined end to end: names in lower case, numeric or not.
  [[nodiscard]] std::string schema() const;
  // The first column of texts or integers whose cells all differ: rows are called by it.
  [[nodiscard]] std::optional<std::size_t> key_column() const;
};

// Numbers as tables write them: digits, one sign, one point; nothing else.
[[nodiscard]] std::optional<std::int64_t> parse_integer(const std::string& cell);
[[nodiscard]] std::optional<double> parse_real(const std::string& cell);

// Nothing where the document is no table: fewer than two columns or rows, a row of another width,
// an empty or repeated or reserved column name, a NUL byte. Lines before the header that hold no
// separator are a caption.
[[nodiscard]] std::optional<Table> parse_table(const text::Document& document);
[[nodiscard]] std::vector<Table> parse_tables(const std::vector<text::Document>& documents);

}  // namespace cairn::synthesis
