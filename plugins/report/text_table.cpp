// report.txt: the report for a terminal.
#include <algorithm>

#include "core/base/text.h"
#include "plugins/report/numbers.h"
#include "plugins/report/report.h"

namespace cairn::report {
namespace {

constexpr std::size_t kColumns = 100;
constexpr std::size_t kGap = 2;
constexpr std::size_t kMaxName = 28;

using Row = std::vector<std::string>;

std::string padded(const std::string& text, std::size_t width, bool right) {
  const std::string clipped = clip(text, width);
  const std::string space(width - width_of(clipped), ' ');
  return right ? space + clipped : clipped + space;
}

void write_row(const Row& row, const std::vector<std::size_t>& widths, std::string& out) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line.append(kGap, ' ');
    line += padded(row[i], widths[i], i > 0);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out += line + "\n";
}

// The first column stands left and is repeated; columns that do not fit beside the others go to a
// further block below.
void write_table(const std::vector<Row>& rows, std::string& out) {
  std::vector<std::size_t> widths(rows.front().size());
  for (const auto& row : rows)
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  for (std::size_t i = 0; i < widths.size(); ++i)
    widths[i] = std::min(widths[i], i == 0 ? kMaxName : kColumns - kMaxName - kGap);

  std::size_t begin = 1;
  while (begin < widths.size()) {
    std::size_t total = widths[0];
    std::size_t end = begin;
    while (end < widths.size() && total + kGap + widths[end] <= kColumns)
      total += kGap + widths[end++];
    if (begin > 1) out += "\n";
    std::vector<std::size_t> block{widths[0]};
    block.insert(block.end(), widths.begin() + static_cast<std::ptrdiff_t>(begin),
                 widths.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      Row part{rows[r][0]};
      part.insert(part.end(), rows[r].begin() + static_cast<std::ptrdiff_t>(begin),
                  rows[r].begin() + static_cast<std::ptrdiff_t>(end));
      write_row(part, block, out);
      if (r == 0) out += std::string(total, '-') + "\n";
    }
    begin = end;
  }
}

std::string shown(const std::string& name) {
  return printable(name);
}

void write_results(const Report& report, std::string& out) {
  out += "Held-out score, percent [95 % interval]\n\n";
  const auto tasks = report.tasks();
  std::vector<Row> rows{{"stage", "n", "average"}};
  for (const auto& task : tasks)
    rows[0].push_back(task == "multiple_choice" ? "choice" : clip(shown(task), 12));
  for (const auto& evaluation : report.evaluations) {
    const auto& average = evaluation.average;
    Row row{
        shown(evaluation.name), std::to_string(average.n),
        percent(average.mean) + " [" + percent(average.low) + ", " + percent(average.high) + "]"};
    for (const auto& task : tasks) {
      const auto found = evaluation.tasks.find(task);
      row.push_back(found == evaluation.tasks.end() ? "-" : percent(found->second.mean));
    }
    rows.push_back(std::move(row));
  }
  write_table(rows, out);
}

Row difference_row(const std::string& name, const Difference& difference) {
  if (difference.n == 0) return {name, "0", "no item in common", "", ""};
  return {name, std::to_string(difference.n), points(difference.mean),
          "[" + points(difference.low) + ", " + points(difference.high) + "]",
          difference.clear() ? "*" : ""};
}

void write_differences(const Report& report, std::string& out) {
  if (report.from_previous.empty()) return;
  out += "\nDifferences on the same items, points [95 % interval]; * the interval leaves out 0\n\n";
  std::vector<Row> rows{{"stage", "items", "points", "interval", ""}};
  const auto add = [&](const std::vector<Difference>& differences) {
    for (const auto& difference : differences)
      rows.push_back(difference_row(shown(difference.to), difference));
  };
  rows.push_back({"against the stage before", "", "", "", ""});
  add(report.from_previous);
  if (!report.from_first.empty()) {
    rows.push_back({"against " + shown(report.from_first.front().from), "", "", "", ""});
    add(report.from_first);
  }
  write_table(rows, out);
}

std::string from_to(const Drift& drift, int decimals) {
  return fixed(drift.begin, decimals) + " > " + fixed(drift.end, decimals);
}

void write_trainings(const Report& report, std::string& out) {
  if (report.trainings.empty()) return;
  out += "\nTraining: means over the first > last fifth of the steps\n\n";
  std::vector<Row> rows{
      {"stage", "steps", "updates", "reward", "entropy, nats", "tokens", "overlong %"}};
  for (const auto& training : report.trainings)
    rows.push_back({shown(training.name), std::to_string(training.steps.size()),
                    std::to_string(count_updates(training, Update::kApplied)),
                    from_to(drift(training.steps, &Step::reward), 3),
                    from_to(drift(training.steps, &Step::entropy), 3),
                    from_to(drift(training.steps, &Step::length), 1),
                    percent(overlong_share(training))});
  write_table(rows, out);
}

void write_paper(const Report& report, std::string& out) {
  const auto table = std::ranges::find(report.paper.tables, "table10", &PaperTable::id);
  if (table == report.paper.tables.end()) return;
  out += "\nThe paper's Table 10 (arXiv " + report.paper.arxiv +
         "): another model, other data; not comparable\n\n";
  std::vector<Row> rows{{"stage"}};
  for (const auto& column : table->columns) rows[0].push_back(clip(column, 12));
  for (const auto& row : table->rows) {
    rows.push_back({row.name});
    for (const auto& value : row.values) rows.back().push_back(value ? fixed(*value, 2) : "-");
  }
  write_table(rows, out);
}

}  // namespace

std::string render_text(const Report& report) {
  std::string out = shown(report.title) + "\n\n";
  write_results(report, out);
  write_differences(report, out);
  write_trainings(report, out);
  write_paper(report, out);
  return out;
}

}  // namespace cairn::report
