// The metrics of a task as charts show them: all its attempts in one, and never more numbers than
// the chart is wide.
//
// A later attempt goes on from a checkpoint: from the first step on that it measured of a series,
// what earlier attempts measured of that series is not shown.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/server/reading/indexes.h"

namespace cairn {

// Reading of one call; what is longer goes on with the next one.
inline constexpr Duration kMetricWork{350};
inline constexpr std::size_t kMostSeriesShown = 64;
inline constexpr std::uint32_t kWidest = 8192;

// {"metrics":[{"name","runtime","count","nan","step_min","step_max","last","min","max"}] by name,
//  "left_out"?: points of names beyond 10,000,
//  "counting"?: {"bytes","size"}: so much of the files is read, ask again for the rest}.
// nan: values that are no numbers or infinite; they are in neither min nor max, which are null
// where there are no others. last: at step_max; a number, "NaN", "Infinity" or "-Infinity".
[[nodiscard]] Result<json::object> metric_names(Indexes& indexes, const TaskFolder& task,
                                                Duration work = kMetricWork);

struct MetricSeriesRequest {
  std::vector<std::string> names;
  std::optional<std::int64_t> step_first;  // both ends are part of it; else all that there is
  std::optional<std::int64_t> step_last;
  std::uint32_t width = 1000;  // of the chart in pixels, 2 to kWidest
  Duration work = kMetricWork;
};
// {"step_first","step_last": the range, null where there is no point,
//  "series":[{"name","runtime","raw": points in the range,
//    "points"?: {"step":[],"value":[]}: all of them, by step, when there are fewer than pixels,
//    "buckets"?: {"step_first":[],"step_last":[],"first":[],"last":[],"min":[],"max":[],"count":[],
//      "nan":[]}: else, by step, each of an equal share of the range and none of them empty,
//    "gaps":[[last step before,first step after]]: where buckets were empty, or points are more
//      than four times as far apart as they usually are,
//    "attempts":[{"attempt","step_first","step_last","raw"}]: what comes from which}] as asked for,
//  "counting"?: as above}.
// At most 4 * width numbers a series. A name that nobody measured has no points.
// kInvalidArgument: no names or too many, or a width or range that is none.
[[nodiscard]] Result<json::object> metric_series(Indexes& indexes, const TaskFolder& task,
                                                 const MetricSeriesRequest& request);

}  // namespace cairn
