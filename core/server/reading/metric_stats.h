// Points of metrics.jsonl (core/sdk/runtime/attempt_files.h), and what a table says of them.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/json.h"

namespace cairn {

struct LoggedPoint {
  std::string name;
  std::int64_t step = 0;
  double value = 0;  // may be no number, or infinite
  bool runtime = false;
};
// Nothing where the line is no point: torn by a crash, say.
[[nodiscard]] std::optional<LoggedPoint> parse_metric_point(std::string_view line);

// A number; "NaN", "Infinity" or "-Infinity" where JSON has none.
[[nodiscard]] json::value metric_value(double value);
[[nodiscard]] std::string metric_text(double value);

// Values that are no numbers count as points and may be the last, but are in no minimum, maximum
// or mean, which are NaN where there are no others.
struct MetricStats {
  std::uint64_t count = 0;
  std::uint64_t numbers = 0;
  std::int64_t step = 0;  // of the last
  double last = 0;
  double min = std::numeric_limits<double>::quiet_NaN();
  double max = std::numeric_limits<double>::quiet_NaN();
  double sum = 0;
  void add(const LoggedPoint& point);
  [[nodiscard]] double mean() const;
};

}  // namespace cairn
