#include "plugins/report/plots.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "plugins/report/numbers.h"

namespace cairn::report {
namespace {

// Coordinates are in units of the viewBox, which is as wide as the page's column.
constexpr double kWidth = 960;

std::string at(double coordinate) {
  return fixed(coordinate, 1);
}

struct Scale {
  double low;
  double high;
  double from;  // coordinate of low
  double to;    // coordinate of high
  [[nodiscard]] double operator()(double value) const {
    return high == low ? from : from + (value - low) / (high - low) * (to - from);
  }
};

std::string line(double x1, double y1, double x2, double y2, const char* style) {
  return "<line class=\"" + std::string(style) + "\" x1=\"" + at(x1) + "\" y1=\"" + at(y1) +
         "\" x2=\"" + at(x2) + "\" y2=\"" + at(y2) + "\"/>";
}

std::string label(double x, double y, const char* style, const std::string& escaped) {
  return "<text class=\"" + std::string(style) + "\" x=\"" + at(x) + "\" y=\"" + at(y) + "\">" +
         escaped + "</text>";
}

std::string dot(double x, double y, double radius, const char* style) {
  return "<circle class=\"" + std::string(style) + "\" cx=\"" + at(x) + "\" cy=\"" + at(y) +
         "\" r=\"" + at(radius) + "\"/>";
}

std::string open_svg(double width, double height, const std::string& title) {
  return "<svg viewBox=\"0 0 " + at(width) + " " + at(height) + "\" role=\"img\" aria-label=\"" +
         escape(title) + "\">";
}

struct Metric {
  const char* name;
  const char* unit;
  const char* style;
  double Step::*value;
};

const std::array<Metric, 3> kMetrics = {
    {{"Reward", "mean of the batch", "reward", &Step::reward},
     {"Entropy", "nats per token", "entropy", &Step::entropy},
     {"Length", "tokens per response", "length", &Step::length}}};

// Layout of the curve grid.
constexpr std::size_t kPanelsInRow = 6;
constexpr double kLeft = 68;
constexpr double kTop = 56;
constexpr double kPanelHeight = 128;
constexpr double kRowGap = 36;
constexpr double kColumnGap = 16;
constexpr double kBottom = 40;

std::vector<double> values_of(const Training& training, double Step::*value) {
  std::vector<double> values;
  values.reserve(training.steps.size());
  for (const auto& step : training.steps) values.push_back(step.*value);
  return values;
}

std::string path_of(const Training& training, const std::vector<double>& values, const Scale& x,
                    const Scale& y, const std::string& style) {
  std::string points;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (i > 0) points += ' ';
    points += at(x(static_cast<double>(training.steps[i].step))) + "," + at(y(values[i]));
  }
  return "<polyline class=\"" + style + "\" points=\"" + points + "\"/>";
}

std::string masked_bands(const Training& training, const Scale& x, double top) {
  std::string out;
  const double half = training.steps.size() > 1 ? std::abs(x(1) - x(0)) / 2 : 2;
  for (const auto& step : training.steps) {
    if (!step.masking) continue;
    const double middle = x(static_cast<double>(step.step));
    const double left = std::max(middle - half, std::min(x.from, x.to));
    const double right = std::min(middle + half, std::max(x.from, x.to));
    out += "<rect class=\"masked\" x=\"" + at(left) + "\" y=\"" + at(top) + "\" width=\"" +
           at(std::max(right - left, 0.5)) + "\" height=\"" + at(kPanelHeight) + "\"/>";
  }
  return out;
}

std::string panel(const Training& training, const Metric& metric, const Scale& x, const Scale& y,
                  const Ticks& y_ticks, double top) {
  std::string out;
  if (metric.value == &Step::entropy) out += masked_bands(training, x, top);
  for (const double tick : y_ticks.values) out += line(x.from, y(tick), x.to, y(tick), "grid");
  const auto values = values_of(training, metric.value);
  const std::string style(metric.style);
  out += path_of(training, values, x, y, "raw " + style);
  const std::size_t reach = std::max<std::size_t>(1, values.size() / 16);
  out += path_of(training, centred_mean(values, reach), x, y, "curve " + style);
  if (values.size() == 1) out += dot(x(x.low), y(values[0]), 3, ("dot " + style).c_str());
  out += line(x.from, top + kPanelHeight, x.to, top + kPanelHeight, "axis");
  return out;
}

std::string step_axis(const Scale& x, double top) {
  std::string out;
  double last_end = -std::numeric_limits<double>::infinity();
  for (const double tick : ticks_over(x.low, x.high, 3).values) {
    if (tick < x.low || tick > x.high || tick != std::floor(tick)) continue;
    if (x(tick) - last_end < 22) continue;
    last_end = x(tick);
    out += line(x(tick), top, x(tick), top + 4, "axis");
    out += label(x(tick), top + 17, "tick middle", fixed(tick, 0));
  }
  return out;
}

// At most kPanelsInRow trainings beside each other.
std::string grid_of(const std::vector<Training>& trainings) {
  const auto columns = static_cast<double>(trainings.size());
  const double panel_width = (kWidth - kLeft - 8 - (columns - 1) * kColumnGap) / columns;
  const double height = kTop + 3 * kPanelHeight + 2 * kRowGap + kBottom;
  std::string out = open_svg(kWidth, height, "Reward, entropy and response length over RL steps");
  for (std::size_t row = 0; row < kMetrics.size(); ++row) {
    const auto& metric = kMetrics[row];
    double low = std::numeric_limits<double>::infinity();
    double high = -low;
    for (const auto& training : trainings)
      for (const double value : values_of(training, metric.value)) {
        low = std::min(low, value);
        high = std::max(high, value);
      }
    const double top = kTop + static_cast<double>(row) * (kPanelHeight + kRowGap);
    const Ticks ticks = ticks_over(low, high, 4);
    const Scale y{ticks.values.front(), ticks.values.back(), top + kPanelHeight, top};
    out += label(0, top - 8, "metric",
                 std::string(metric.name) + " <tspan class=\"unit\">" + metric.unit + "</tspan>");
    for (const double tick : ticks.values)
      out += label(kLeft - 8, y(tick) + 3.5, "tick end", fixed(tick, ticks.decimals));
    for (std::size_t column = 0; column < trainings.size(); ++column) {
      const auto& training = trainings[column];
      const double left = kLeft + static_cast<double>(column) * (panel_width + kColumnGap);
      const Scale x{static_cast<double>(training.steps.front().step),
                    static_cast<double>(training.steps.back().step), left, left + panel_width};
      out += panel(training, metric, x, y, ticks, top);
      if (row == 0) {
        const auto room = static_cast<std::size_t>(panel_width / 8);
        out += label(left, 14, "column",
                     escape(clip(printable(training.name), std::max<std::size_t>(room, 6))));
      }
      if (row + 1 == kMetrics.size()) out += step_axis(x, top + kPanelHeight);
    }
  }
  out += label(kLeft + (kWidth - kLeft) / 2, height - 4, "tick middle", "RL step");
  return out + "</svg>\n";
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  for (const char byte : printable(text)) {
    switch (byte) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      default:
        out += byte;
    }
  }
  return out;
}

std::vector<double> centred_mean(const std::vector<double>& values, std::size_t reach) {
  std::vector<double> means(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    const std::size_t begin = i < reach ? 0 : i - reach;
    const std::size_t end = std::min(values.size(), i + reach + 1);
    double sum = 0;
    for (std::size_t j = begin; j < end; ++j) sum += values[j];
    means[i] = sum / static_cast<double>(end - begin);
  }
  return means;
}

std::string interval_plot(const std::vector<Evaluation>& evaluations) {
  constexpr double kRow = 34;
  constexpr double kNames = 230;
  constexpr double kNumbers = 150;
  double low = evaluations.front().average.low;
  double high = evaluations.front().average.high;
  for (const auto& evaluation : evaluations) {
    low = std::min(low, evaluation.average.low);
    high = std::max(high, evaluation.average.high);
  }
  const Ticks ticks = ticks_over(100 * low, 100 * high, 6);
  const Scale x{ticks.values.front(), ticks.values.back(), kNames, kWidth - kNumbers};
  const double bottom = 8 + kRow * static_cast<double>(evaluations.size());
  std::string out = open_svg(kWidth, bottom + 40, "Held-out average of each stage");
  for (const double tick : ticks.values) {
    out += line(x(tick), 4, x(tick), bottom, "grid");
    out += label(x(tick), bottom + 18, "tick middle", fixed(tick, ticks.decimals));
  }
  const double start = x(100 * evaluations.front().average.mean);
  out += line(start, 4, start, bottom, "start");
  for (std::size_t i = 0; i < evaluations.size(); ++i) {
    const auto& average = evaluations[i].average;
    const double y = 8 + kRow * (static_cast<double>(i) + 0.5);
    out +=
        label(kNames - 16, y + 4.5, "name end", escape(clip(printable(evaluations[i].name), 28)));
    out += line(x(100 * average.low), y, x(100 * average.high), y, "range");
    out += dot(x(100 * average.mean), y, 5.5, "mean");
    out += label(kWidth - kNumbers + 16, y + 4.5, "value",
                 percent(average.mean) + " <tspan class=\"unit\">" + percent(average.low) + " – " +
                     percent(average.high) + "</tspan>");
  }
  out += label((x.from + x.to) / 2, bottom + 36, "tick middle", "score, percent");
  return out + "</svg>\n";
}

std::string difference_bar(const Difference& difference, const Axis& axis) {
  constexpr double kBarWidth = 220;
  constexpr double kBarHeight = 20;
  const Scale x{axis.low, axis.high, 8, kBarWidth - 8};
  const double y = kBarHeight / 2;
  const char* style = !difference.clear() ? "open" : difference.mean > 0 ? "better" : "worse";
  const std::string state(style);
  return "<svg class=\"bar\" viewBox=\"0 0 220 20\" aria-hidden=\"true\">" +
         line(x(0), 0, x(0), kBarHeight, "axis") +
         line(x(difference.low), y, x(difference.high), y, ("range " + state).c_str()) +
         dot(x(difference.mean), y, 4.5, ("mean " + state).c_str()) + "</svg>";
}

std::string curve_grid(const std::vector<Training>& trainings) {
  std::string out;
  for (std::size_t begin = 0; begin < trainings.size(); begin += kPanelsInRow) {
    const std::size_t end = std::min(trainings.size(), begin + kPanelsInRow);
    out += grid_of({trainings.begin() + static_cast<std::ptrdiff_t>(begin),
                    trainings.begin() + static_cast<std::ptrdiff_t>(end)});
  }
  return out;
}

}  // namespace cairn::report
