// Lines of metrics.jsonl as fast as they can be read: those of the form that MetricLog writes
// (core/sdk/runtime/metric_log.h) without a JSON parser, the others with one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cairn {

struct ScannedPoint {
  std::string_view name;  // within the line, or within `kept`
  std::int64_t step = 0;
  double value = 0;
  bool runtime = false;
};

// {"name":"loss","step":12,"value":0.5} and nothing else in between; false of every other line,
// also of one that is a point.
[[nodiscard]] bool scan_plain_point(std::string_view line, ScannedPoint& point);
// Any form of a point; false where the line is none. kept holds a name that was written with
// escapes.
[[nodiscard]] bool scan_point(std::string_view line, ScannedPoint& point, std::string& kept);

}  // namespace cairn
