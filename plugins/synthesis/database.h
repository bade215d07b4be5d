// An in-memory SQLite database: the ground truth of numerical questions.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

struct sqlite3;

namespace cairn::synthesis {

// NULL, an integer, a double or a text.
using SqlValue = std::variant<std::monostate, std::int64_t, double, std::string>;

// "name" with every double quote doubled: any text is then one identifier.
[[nodiscard]] std::string quote_identifier(std::string_view name);

// Not thread-safe.
class Database {
 public:
  [[nodiscard]] static Result<Database> open_in_memory();

  // Runs one statement with its parameters ?1, ?2, ... bound; text never becomes SQL. Rows of
  // values, none for statements without a result.
  [[nodiscard]] Result<std::vector<std::vector<SqlValue>>> query(
      const std::string& sql, const std::vector<SqlValue>& parameters = {});

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  explicit Database(sqlite3* handle) : handle_(handle) {}
  std::unique_ptr<sqlite3, Close> handle_;
};

}  // namespace cairn::synthesis
