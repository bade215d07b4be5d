#include <set>

#include "plugins/synthesis/numerical.h"

namespace cairn::synthesis {
namespace {

SqlValue typed(const std::string& cell, ColumnType type) {
  if (type == ColumnType::kText) return cell;
  if (const auto integer = parse_integer(cell)) return *integer;
  if (const auto real = parse_real(cell)) return *real;
  return {};
}

Result<void> create(Database& database, const std::string& name, const Table& table) {
  std::string sql = "CREATE TABLE " + name + " (" + quote_identifier(kDocumentColumn) + " TEXT, " +
                    quote_identifier(kRowColumn) + " INTEGER";
  for (const Column& column : table.columns)
    sql += ", " + quote_identifier(column.name) +
           (column.type == ColumnType::kText ? " TEXT" : " NUMERIC");
  CAIRN_TRY(database.query(sql + ")"));
  CAIRN_TRY(database.query("CREATE INDEX " + quote_identifier("by " + name) + " ON " + name + " (" +
                           quote_identifier(kDocumentColumn) + ")"));
  return {};
}

Result<void> insert(Database& database, const std::string& name, const Table& table) {
  std::string sql = "INSERT INTO " + name + " VALUES (?1, ?2";
  for (std::size_t i = 0; i < table.columns.size(); ++i) sql += ", ?" + std::to_string(i + 3);
  sql += ")";
  for (std::size_t row = 0; row < table.rows.size(); ++row) {
    std::vector<SqlValue> values{table.document->id, static_cast<std::int64_t>(row) + 1};
    for (std::size_t i = 0; i < table.columns.size(); ++i)
      values.push_back(typed(table.rows[row][i], table.columns[i].type));
    CAIRN_TRY(database.query(sql, values));
  }
  return {};
}

}  // namespace

Result<CorpusTables> CorpusTables::load(const std::vector<Table>& tables) {
  CAIRN_ASSIGN(Database database, Database::open_in_memory());
  CorpusTables corpus(std::move(database));
  std::set<std::string> documents;
  CAIRN_TRY(corpus.database_.query("BEGIN"));
  for (const Table& table : tables) {
    if (!documents.insert(table.document->id).second) {
      return invalid_argument("two documents have the id '" + table.document->id + "'",
                              "check the stage that made `documents`");
    }
    const auto [found, fresh] = corpus.names_.try_emplace(
        table.schema(), quote_identifier("table " + std::to_string(corpus.names_.size() + 1)));
    if (fresh) CAIRN_TRY(create(corpus.database_, found->second, table));
    CAIRN_TRY(insert(corpus.database_, found->second, table));
  }
  CAIRN_TRY(corpus.database_.query("COMMIT"));
  return corpus;
}

const std::string& CorpusTables::name_of(const Table& table) const {
  return names_.at(table.schema());
}

}  // namespace cairn::synthesis
