// The report as data: everything that index.html, report.json and report.txt print.
#pragma once

#include <string>
#include <vector>

#include "core/base/json.h"
#include "plugins/report/comparison.h"
#include "plugins/report/evidence.h"
#include "plugins/report/paper.h"

namespace cairn::report {

struct Report {
  std::string title;
  int resamples = 0;
  std::vector<Evaluation> evaluations;  // in the order of the recipe; names are unique
  std::vector<Training> trainings;
  std::vector<Difference> from_previous;  // each evaluation against the one before it
  std::vector<Difference> from_first;     // each against the first, from the third on
  std::vector<Difference> by_task;        // the last against the first, task by task
  Paper paper;

  // Every task of any evaluation, sorted.
  [[nodiscard]] std::vector<std::string> tasks() const;
  // The last against the first over all items; null with fewer than two evaluations.
  [[nodiscard]] const Difference* overall() const;
};

// Draws are keyed by (seed, the pair's position, the task's position). A name that comes again
// gets its number: "eval (2)".
[[nodiscard]] Report make_report(std::string title, std::vector<Evaluation> evaluations,
                                 std::vector<Training> trainings, Paper paper, int resamples,
                                 std::uint64_t seed);

// How a stretch of training went: the mean of a value over its first and last fifth of steps.
struct Drift {
  double begin = 0;
  double end = 0;
};
[[nodiscard]] Drift drift(const std::vector<Step>& steps, double Step::*value);
[[nodiscard]] std::int64_t count_updates(const Training& training, Update update);
[[nodiscard]] double overlong_share(const Training& training);

[[nodiscard]] json::object to_json(const Report& report);
// For a terminal: at most 100 columns.
[[nodiscard]] std::string render_text(const Report& report);
// One page without any request to elsewhere, for light and dark.
[[nodiscard]] std::string render_html(const Report& report);

}  // namespace cairn::report
