#include "plugins/synthesis/table.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/text.h"
#include "plugins/lib/text/partition.h"
#include "plugins/synthesis/record.h"

namespace cairn::synthesis {
namespace {

template <typename Number>
std::optional<Number> parse_whole(const std::string& cell) {
  Number value{};
  const char* end = cell.data() + cell.size();
  const auto parsed = std::from_chars(cell.data(), end, value);
  if (cell.empty() || parsed.ec != std::errc() || parsed.ptr != end) return std::nullopt;
  return value;
}

std::vector<std::string> cells_of(std::string_view line) {
  std::vector<std::string> cells;
  while (true) {
    const std::size_t at = line.find(" | ");
    cells.emplace_back(trim(line.substr(0, at)));
    if (at == std::string_view::npos) return cells;
    line.remove_prefix(at + 3);
  }
}

ColumnType type_of(const Table& table, std::size_t column) {
  bool integers = true, reals = true;
  for (const auto& row : table.rows) {
    integers = integers && parse_integer(row[column]).has_value();
    reals = reals && parse_real(row[column]).has_value();
  }
  if (integers) return ColumnType::kInteger;
  return reals ? ColumnType::kReal : ColumnType::kText;
}

}  // namespace

const char* to_string(ColumnType type) {
  switch (type) {
    case ColumnType::kInteger:
      return "integer";
    case ColumnType::kReal:
      return "real";
    case ColumnType::kText:
      break;
  }
  return "text";
}

std::optional<std::int64_t> parse_integer(const std::string& cell) {
  return parse_whole<std::int64_t>(cell);
}

std::optional<double> parse_real(const std::string& cell) {
  if (cell.find_first_not_of("-.0123456789") != std::string::npos) return std::nullopt;
  return parse_whole<double>(cell);
}

std::string Table::schema() const {
  std::string schema;
  for (const Column& column : columns)
    schema += fold(column.name) + (column.type == ColumnType::kText ? ":text;" : ":number;");
  return schema;
}

std::optional<std::size_t> Table::key_column() const {
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].type == ColumnType::kReal) continue;
    std::set<std::string> seen;
    if (std::ranges::all_of(rows, [&](const auto& row) {
          return !row[i].empty() && seen.insert(fold(row[i])).second;
        }))
      return i;
  }
  return std::nullopt;
}

std::optional<Table> parse_table(const text::Document& document) {
  Table table;
  table.document = &document;
  for (const std::string_view line : split(document.text, '\n')) {
    if (trim(line).empty()) continue;
    if (line.find('\0') != std::string_view::npos) return std::nullopt;
    if (line.find(" | ") == std::string_view::npos) {
      if (!table.columns.empty()) return std::nullopt;
      continue;
    }
    std::vector<std::string> cells = cells_of(line);
    if (table.columns.empty()) {
      std::set<std::string> names;
      for (auto& cell : cells) {
        const std::string name = fold(cell);
        if (name.empty() || name.starts_with(kReservedPrefix) || !names.insert(name).second)
          return std::nullopt;
        table.columns.push_back({std::move(cell), ColumnType::kText});
      }
    } else if (cells.size() != table.columns.size()) {
      return std::nullopt;
    } else {
      table.rows.push_back(std::move(cells));
    }
  }
  if (table.columns.size() < 2 || table.rows.size() < 2) return std::nullopt;
  for (std::size_t i = 0; i < table.columns.size(); ++i) table.columns[i].type = type_of(table, i);
  table.folded = fold(document.title + "\n" + document.text);
  table.held_out = text::held_out(document.id);
  return table;
}

std::vector<Table> parse_tables(const std::vector<text::Document>& documents) {
  std::vector<Table> tables;
  for (const auto& document : documents)
    if (auto table = parse_table(document)) tables.push_back(std::move(*table));
  return tables;
}

}  // namespace cairn::synthesis
