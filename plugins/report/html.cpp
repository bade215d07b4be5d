// index.html: the report as one page.
#include <algorithm>
#include <set>

#include "plugins/report/numbers.h"
#include "plugins/report/plots.h"
#include "plugins/report/report.h"
#include "plugins/report/style.h"

namespace cairn::report {
namespace {

// Numbers in text get the typographic minus.
std::string shown_points(double difference) {
  std::string text = points(difference);
  return text.starts_with('-') ? "−" + text.substr(1) : text;
}

std::string cell(const std::string& content, const char* style = nullptr) {
  const std::string open = style == nullptr ? "<td>" : "<td class=\"" + std::string(style) + "\">";
  return open + content + "</td>";
}

std::string small(const std::string& content) {
  return "<small>" + content + "</small>";
}

std::string head(const std::vector<std::string>& cells) {
  std::string out = "<thead><tr>";
  for (const auto& content : cells) out += "<th>" + content + "</th>";
  return out + "</tr></thead>\n";
}

std::string score_cell(const Score& score) {
  return cell(percent(score.mean) + small(percent(score.low) + " – " + percent(score.high)));
}

// "n 120", or the smallest and largest where evaluations differ.
std::string count_of(const Report& report, const std::string& task) {
  std::set<std::int64_t> counts;
  for (const auto& evaluation : report.evaluations) {
    const auto found = evaluation.tasks.find(task);
    if (found != evaluation.tasks.end()) counts.insert(found->second.n);
  }
  std::string text = "n " + std::to_string(*counts.begin());
  if (counts.size() > 1) text += " – " + std::to_string(*counts.rbegin());
  return text;
}

std::string verdict(const Report& report) {
  const auto& last = report.evaluations.back();
  const Difference* overall = report.overall();
  if (overall == nullptr || overall->n == 0)
    return "Held-out average " + percent(last.average.mean) + " % over " +
           std::to_string(last.average.n) + " items.";
  const auto& first = report.evaluations.front();
  const std::string change = "held-out score from " + percent(first.average.mean) + " to " +
                             percent(last.average.mean) + " %: " + shown_points(overall->mean) +
                             " points, 95 % interval " + shown_points(overall->low) + " to " +
                             shown_points(overall->high) + ", on the same " +
                             std::to_string(overall->n) + " items.";
  return escape(first.name) + " → " + escape(last.name) + ", " + change;
}

std::string results(const Report& report) {
  const auto tasks = report.tasks();
  std::string out =
      "<h2>Results after each stage</h2>\n<p class=\"note\">Score in percent on items held "
      "out of training, each with its 95 % interval. The dashed line stands at the first "
      "row.</p>\n<div class=\"card\">" +
      interval_plot(report.evaluations) + "</div>\n";
  std::vector<std::string> columns{"Stage", "n", "Average"};
  for (const auto& task : tasks) columns.push_back(escape(task) + small(count_of(report, task)));
  columns.insert(columns.end(), {"Well formed", "Abstained"});
  out += "<div class=\"card\"><table>" + head(columns) + "<tbody>\n";
  for (const auto& evaluation : report.evaluations) {
    out += "<tr><th>" + escape(evaluation.name) + "</th>" +
           cell(std::to_string(evaluation.average.n)) + score_cell(evaluation.average);
    for (const auto& task : tasks) {
      const auto found = evaluation.tasks.find(task);
      out += found == evaluation.tasks.end() ? cell("–") : score_cell(found->second);
    }
    out += cell(percent(evaluation.well_formed)) + cell(std::to_string(evaluation.abstentions)) +
           "</tr>\n";
  }
  return out + "</tbody></table></div>\n";
}

// Zero and every interval.
Axis axis_of(const Report& report) {
  Axis axis{-0.001, 0.001};
  for (const auto* list : {&report.from_previous, &report.from_first, &report.by_task})
    for (const auto& difference : *list)
      axis = {std::min(axis.low, difference.low), std::max(axis.high, difference.high)};
  return axis;
}

std::string difference_row(const std::string& name, const Difference& difference,
                           const Axis& axis) {
  std::string out = "<tr><th>" + escape(name) + "</th>" + cell(std::to_string(difference.n));
  if (difference.n == 0) return out + cell("no item in common") + cell("") + cell("") + "</tr>\n";
  out += cell(shown_points(difference.mean), difference.clear() ? "clear" : nullptr);
  out += cell(shown_points(difference.low) + " to " + shown_points(difference.high));
  return out + cell(difference_bar(difference, axis), "drawn") + "</tr>\n";
}

std::string group(const std::string& title) {
  return "<tr class=\"group\"><td colspan=\"5\">" + title + "</td></tr>\n";
}

std::string differences(const Report& report) {
  if (report.from_previous.empty()) return {};
  const Axis axis = axis_of(report);
  std::string out =
      "<h2>What each stage changed</h2>\n<p class=\"note\">Differences on the same items, in "
      "points of "
      "percent; the interval is a paired bootstrap of " +
      std::to_string(report.resamples) +
      " resamples. Bold: the 95 % interval leaves out zero.</p>\n<div class=\"card\"><table>" +
      head({"Stage", "Items", "Points", "95 % interval", ""}) + "<tbody>\n" +
      group("Against the stage before");
  for (const auto& difference : report.from_previous)
    out += difference_row(difference.to, difference, axis);
  if (!report.from_first.empty()) {
    out += group("Against " + escape(report.from_first.front().from));
    for (const auto& difference : report.from_first)
      out += difference_row(difference.to, difference, axis);
  }
  if (!report.by_task.empty()) {
    out += group(escape(report.by_task.front().to) + " against " +
                 escape(report.by_task.front().from) + ", task by task");
    for (const auto& difference : report.by_task)
      out += difference_row(difference.task, difference, axis);
  }
  return out + "</tbody></table></div>\n";
}

std::string arrow(const Drift& drift, int decimals) {
  return fixed(drift.begin, decimals) + " → " + fixed(drift.end, decimals);
}

std::string training(const Report& report) {
  if (report.trainings.empty()) return {};
  std::vector<Training> with_steps;
  for (const auto& one : report.trainings)
    if (!one.steps.empty()) with_steps.push_back(one);
  std::string out =
      "<h2>Reinforcement learning</h2>\n<p class=\"note\">Thin: each step; bold: the mean over its "
      "neighbours. <span class=\"key\"></span> steps at which AEPO dropped negative samples.</p>\n";
  if (!with_steps.empty()) out += "<div class=\"card\">" + curve_grid(with_steps) + "</div>\n";
  out += "<div class=\"card\"><table>" +
         head({"Stage", "Steps", "Updates", "Skipped", "No signal", "Reward", "Entropy, nats",
               "Tokens", "Overlong, %"}) +
         "<tbody>\n";
  for (const auto& one : report.trainings) {
    out += "<tr><th>" + escape(one.name) + "</th>" + cell(std::to_string(one.steps.size()));
    for (const auto update : {Update::kApplied, Update::kSkipped, Update::kNoSignal})
      out += cell(std::to_string(count_updates(one, update)));
    out += cell(arrow(drift(one.steps, &Step::reward), 3)) +
           cell(arrow(drift(one.steps, &Step::entropy), 3)) +
           cell(arrow(drift(one.steps, &Step::length), 1)) + cell(percent(overlong_share(one))) +
           "</tr>\n";
  }
  return out +
         "</tbody></table><p class=\"note\">Arrows: mean over the first → the last fifth of the "
         "steps.</p></div>\n";
}

std::string paper_table(const PaperTable& table) {
  std::vector<std::string> columns{""};
  for (const auto& column : table.columns) columns.push_back(escape(column));
  std::string out = "<table>" + head(columns) + "<tbody>\n";
  for (const auto& row : table.rows) {
    out += "<tr><th>" + escape(row.name) + "</th>";
    for (const auto& value : row.values) out += cell(value ? fixed(*value, 2) : "–");
    out += "</tr>\n";
  }
  return out + "</tbody></table><p class=\"note\">" + escape(table.note) + "</p>\n";
}

std::string paper(const Report& report) {
  if (report.paper.tables.empty()) return {};
  std::string out =
      "<h2>The paper’s figures</h2>\n<p><strong>Another model, other data.</strong> "
      "Printed for orientation from “" +
      escape(report.paper.title) + "” (arXiv " + escape(report.paper.arxiv) +
      "), percent. Nothing below was measured by this run, and no cell compares with one "
      "above.</p>\n<div class=\"apart\">\n";
  bool first = true;
  for (const auto& table : report.paper.tables) {
    const std::string number = table.id.starts_with("table") ? table.id.substr(5) : table.id;
    const std::string title = "Table " + escape(number) + ": " + escape(table.title);
    if (first)
      out += "<h3>" + title + "</h3>\n" + paper_table(table);
    else
      out += "<details><summary>" + title + "</summary>\n" + paper_table(table) + "</details>\n";
    first = false;
  }
  return out + "</div>\n";
}

}  // namespace

std::string render_html(const Report& report) {
  const std::string title = escape(report.title);
  std::string out =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>" +
      title + "</title>\n<style>";
  out += kStyle;
  out += "</style>\n</head>\n<body>\n<main>\n<header>";
  out += kSign;
  out += "<div><h1>" + title + "</h1><p class=\"verdict\">" + verdict(report) +
         "</p></div></header>\n";
  out += results(report) + differences(report) + training(report) + paper(report);
  out +=
      "<footer class=\"note\">Every number here stands in report.json beside this page; report.txt "
      "is "
      "the same for a terminal. Made by Cairn.</footer>\n</main>\n</body>\n</html>\n";
  return out;
}

}  // namespace cairn::report
