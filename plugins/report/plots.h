// The report's pictures, as inline SVG. Colours come from the page's style, so that they follow
// light and dark; text is escaped here.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "plugins/report/comparison.h"
#include "plugins/report/evidence.h"

namespace cairn::report {

// & < > " ' for HTML text and attributes; control characters are written out.
[[nodiscard]] std::string escape(std::string_view text);

// One line per evaluation: its mean as a dot, its 95 % interval as a bar. Not empty.
[[nodiscard]] std::string interval_plot(const std::vector<Evaluation>& evaluations);

// What a scale spans.
struct Axis {
  double low = 0;
  double high = 0;
};
// A difference as a dot with its interval. axis: what all rows of a table share; it holds 0.
[[nodiscard]] std::string difference_bar(const Difference& difference, const Axis& axis);

// Reward, entropy and response length (rows) over the steps of each training (columns); a row
// shares its axis. Every training has at least one step.
[[nodiscard]] std::string curve_grid(const std::vector<Training>& trainings);

// The mean over the steps within `reach` before and after, cut at the ends.
[[nodiscard]] std::vector<double> centred_mean(const std::vector<double>& values,
                                               std::size_t reach);

}  // namespace cairn::report
