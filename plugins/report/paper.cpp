#include "plugins/report/paper.h"

namespace cairn::report {
namespace {

Result<PaperRow> row_from(const json::object& object, const std::vector<std::string>& columns) {
  PaperRow row;
  CAIRN_ASSIGN(row.name, get_string(object, "name"));
  CAIRN_ASSIGN(const auto* values, get_object(object, "values"));
  for (const auto& column : columns) {
    const auto* value = values->if_contains(column);
    if (value == nullptr || value->is_null()) {
      row.values.emplace_back(std::nullopt);
    } else {
      CAIRN_ASSIGN(const double number, get_double(*values, column));
      row.values.emplace_back(number);
    }
  }
  return row;
}

Result<PaperTable> table_from(const json::object& object) {
  PaperTable table;
  CAIRN_ASSIGN(table.id, get_string(object, "id"));
  CAIRN_ASSIGN(table.title, get_string(object, "title"));
  CAIRN_ASSIGN(table.note, get_string(object, "note"));
  CAIRN_ASSIGN(const auto* columns, get_array(object, "columns"));
  for (const auto& column : *columns) {
    if (!column.is_string()) return invalid_argument("a column name is no string");
    table.columns.emplace_back(column.as_string());
  }
  CAIRN_ASSIGN(const auto* rows, get_array(object, "rows"));
  for (const auto& entry : *rows) {
    if (!entry.is_object()) return invalid_argument("a row of " + table.id + " is no object");
    CAIRN_ASSIGN(auto row, row_from(entry.as_object(), table.columns));
    table.rows.push_back(std::move(row));
  }
  return table;
}

}  // namespace

Result<Paper> paper_from_text(std::string_view text) {
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  Paper paper;
  CAIRN_ASSIGN(const auto* source, get_object(object, "source"));
  CAIRN_ASSIGN(paper.title, get_string(*source, "paper"));
  CAIRN_ASSIGN(paper.arxiv, get_string(*source, "arxiv"));
  CAIRN_ASSIGN(const auto* tables, get_array(object, "tables"));
  for (const auto& entry : *tables) {
    if (!entry.is_object()) return invalid_argument("a table is no object");
    CAIRN_ASSIGN(auto table, table_from(entry.as_object()));
    paper.tables.push_back(std::move(table));
  }
  return paper;
}

}  // namespace cairn::report
