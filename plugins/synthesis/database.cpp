#include "plugins/synthesis/database.h"

#include <sqlite3.h>

namespace cairn::synthesis {
namespace {

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

Error sql_error(sqlite3* handle, const std::string& sql) {
  return internal_error("SQLite refused \"" + sql + "\": " + sqlite3_errmsg(handle));
}

int bind(sqlite3_stmt* statement, int index, const SqlValue& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* real = std::get_if<double>(&value))
    return sqlite3_bind_double(statement, index, *real);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_TRANSIENT,
                               SQLITE_UTF8);
  return sqlite3_bind_null(statement, index);
}

SqlValue column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
    case SQLITE_FLOAT:
      return sqlite3_column_double(statement, index);
    case SQLITE_NULL:
      return {};
    default: {
      const void* bytes = sqlite3_column_blob(statement, index);
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement, index));
      return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
    }
  }
}

}  // namespace

std::string quote_identifier(std::string_view name) {
  std::string quoted = "\"";
  for (const char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

void Database::Close::operator()(sqlite3* handle) const {
  sqlite3_close(handle);
}

Result<Database> Database::open_in_memory() {
  sqlite3* handle = nullptr;
  const int opened =
      sqlite3_open_v2(":memory:", &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database database(handle);
  if (opened != SQLITE_OK)
    return internal_error("cannot open an in-memory SQLite database: " +
                          std::string(sqlite3_errstr(opened)));
  return database;
}

Result<std::vector<std::vector<SqlValue>>> Database::query(
    const std::string& sql, const std::vector<SqlValue>& parameters) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql.data(), static_cast<int>(sql.size()), &prepared,
                         nullptr) != SQLITE_OK)
    return sql_error(handle_.get(), sql);
  const Statement statement(prepared);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (bind(prepared, static_cast<int>(i) + 1, parameters[i]) != SQLITE_OK)
      return sql_error(handle_.get(), sql);
  }
  std::vector<std::vector<SqlValue>> rows;
  while (true) {
    const int stepped = sqlite3_step(prepared);
    if (stepped == SQLITE_DONE) return rows;
    if (stepped != SQLITE_ROW) return sql_error(handle_.get(), sql);
    auto& row = rows.emplace_back();
    for (int i = 0; i < sqlite3_column_count(prepared); ++i) row.push_back(column(prepared, i));
  }
}

}  // namespace cairn::synthesis
