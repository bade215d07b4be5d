#include <algorithm>
#include <optional>
#include <set>

#include "core/base/text.h"
#include "plugins/corpus/reader.h"

namespace cairn::corpus {
namespace {

constexpr std::size_t kMaxCell = 5;  // characters of a number; longer ones make no column
constexpr std::size_t kMaxLabel = 12;
constexpr std::size_t kMaxHeader = 12;
constexpr std::size_t kColumnsOfPiece = 3;  // beside the label
// Rows of the pieces, in turn: questions about them must not know the count beforehand.
constexpr std::size_t kRowsOfPiece[] = {3, 5, 4, 6};

using Row = std::vector<std::string>;

// Cells of one record; nothing where a quoted cell does not end.
std::optional<Row> split_row(std::string_view line) {
  Row cells(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      cells.back() += line[++i];
    } else if (line[i] == '"') {
      quoted = !quoted;
    } else if (line[i] == ',' && !quoted) {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  if (quoted) return std::nullopt;
  for (std::string& cell : cells) cell = std::string(trim(cell));
  return cells;
}

bool number(std::string_view cell) {
  if (cell.starts_with('-')) cell.remove_prefix(1);
  const std::size_t points = static_cast<std::size_t>(std::count(cell.begin(), cell.end(), '.'));
  return !cell.empty() && points <= 1 && points < cell.size() &&
         cell.find_first_not_of("0123456789.") == cell.npos;
}

// The same number without zeros that say nothing: "2.50" is "2.5", ".5" is "0.5".
std::string shortest(std::string cell) {
  if (!number(cell)) return cell;
  if (cell.find('.') != cell.npos) {
    while (cell.ends_with('0')) cell.pop_back();
    if (cell.ends_with('.')) cell.pop_back();
  }
  if (cell.starts_with('.')) cell.insert(0, "0");
  if (cell.starts_with("-.")) cell.insert(1, "0");
  return cell == "-0" ? "0" : cell;
}

struct Table {
  Row header;
  std::vector<Row> rows;
  std::vector<std::size_t> lines;  // where each row stands in the file
};

bool all_cells(const Table& table, std::size_t column, bool (*holds)(const std::string&)) {
  return std::all_of(table.rows.begin(), table.rows.end(),
                     [&](const Row& row) { return holds(row[column]); });
}

// The first column, where it names each row by a short text or a whole number of its own.
bool has_label(const Table& table) {
  if (table.header.front().size() > kMaxHeader) return false;
  std::set<std::string_view> seen;
  for (const Row& row : table.rows) {
    const std::string& cell = row.front();
    const bool fine = !cell.empty() && cell.size() <= kMaxLabel && cell.find('.') == cell.npos;
    if (!fine || !seen.insert(cell).second) return false;
  }
  return true;
}

std::vector<std::size_t> number_columns(const Table& table, std::size_t from) {
  std::vector<std::size_t> columns;
  for (std::size_t c = from; c < table.header.size(); ++c) {
    const std::string& name = table.header[c];
    const bool named = !name.empty() && name.size() <= kMaxHeader && !number(name);
    const bool short_numbers = all_cells(
        table, c, [](const std::string& cell) { return cell.size() <= kMaxCell && number(cell); });
    const bool varied = std::any_of(table.rows.begin(), table.rows.end(), [&](const Row& row) {
      return row[c] != table.rows.front()[c];
    });
    if (named && short_numbers && varied) columns.push_back(c);
  }
  return columns;
}

class CsvReader final : public Reader {
 public:
  std::string_view extension() const override { return ".csv"; }

  Result<std::vector<Draft>> read(const Source& source, const SourceFile& file) const override {
    std::vector<Draft> drafts;
    const Table table = parse(source, file, drafts);
    if (table.rows.empty()) {
      drafts.push_back(malformed_draft(source, file, 1, "no table: no rows below a header"));
      return drafts;
    }
    const bool label = has_label(table);
    const auto columns = number_columns(table, label ? 1 : 0);
    if (columns.empty()) {
      drafts.push_back(malformed_draft(source, file, 1, "no column of short numbers that differ"));
      return drafts;
    }
    const std::string name = fs::path(file.path).stem().string();
    std::size_t piece = 0;
    for (std::size_t from = 0; from < columns.size(); from += kColumnsOfPiece) {
      const std::size_t to = std::min(columns.size(), from + kColumnsOfPiece);
      const std::vector<std::size_t> chosen(columns.begin() + static_cast<std::ptrdiff_t>(from),
                                            columns.begin() + static_cast<std::ptrdiff_t>(to));
      for (std::size_t row = 0; row < table.rows.size();) {
        const std::size_t rows =
            std::min(table.rows.size() - row, kRowsOfPiece[piece % std::size(kRowsOfPiece)]);
        drafts.push_back(make(source, name, ++piece, table, label, chosen, row, rows));
        row += rows;
      }
    }
    return drafts;
  }

 private:
  static Table parse(const Source& source, const SourceFile& file, std::vector<Draft>& drafts) {
    Table table;
    std::size_t number = 0;
    for (std::string_view line : split(file.bytes, '\n')) {
      ++number;
      if (trim(line).empty()) continue;
      if (source.rows > 0 && table.rows.size() >= static_cast<std::size_t>(source.rows)) break;
      std::optional<Row> row = split_row(line);
      if (!row) {
        drafts.push_back(malformed_draft(source, file, number, "a quoted cell does not end"));
      } else if (table.header.empty()) {
        table.header = std::move(*row);
      } else if (row->size() != table.header.size()) {
        drafts.push_back(malformed_draft(source, file, number,
                                         "a row of " + std::to_string(row->size()) +
                                             " cells below a header of " +
                                             std::to_string(table.header.size())));
      } else {
        for (std::string& cell : *row) cell = shortest(std::move(cell));
        table.rows.push_back(std::move(*row));
        table.lines.push_back(number);
      }
    }
    return table;
  }

  static Draft make(const Source& source, const std::string& name, std::size_t piece,
                    const Table& table, bool label, const std::vector<std::size_t>& columns,
                    std::size_t row, std::size_t rows) {
    const std::string part = std::to_string(piece);
    std::vector<std::string> lines;
    Row cells{label ? table.header.front() : "line"};
    for (const std::size_t c : columns) cells.push_back(table.header[c]);
    lines.push_back(join(cells, " | "));
    for (std::size_t r = row; r < row + rows; ++r) {
      cells = {label ? table.rows[r].front() : std::to_string(table.lines[r])};
      for (const std::size_t c : columns) cells.push_back(table.rows[r][c]);
      lines.push_back(join(cells, " | "));
    }
    Draft draft = record_draft(source, name + "-" + part, {{"table", name + " part " + part}});
    draft.document.text = join(lines, "\n");
    return draft;
  }
};

}  // namespace

std::unique_ptr<Reader> csv_reader() {
  return std::make_unique<CsvReader>();
}

}  // namespace cairn::corpus
