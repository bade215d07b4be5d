#include "core/server/reading/metric_stats.h"

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace cairn {

std::optional<LoggedPoint> parse_metric_point(std::string_view line) {
  const auto object = parse_json_object(line);
  if (!object.ok()) return std::nullopt;
  LoggedPoint point;
  const auto* value = object->if_contains("value");
  const auto name = get_string(*object, "name");
  const auto step = get_int(*object, "step");
  if (value == nullptr || !name.ok() || !step.ok()) return std::nullopt;
  point.name = *name;
  point.step = *step;
  if (value->is_string()) {
    const auto& word = value->as_string();
    if (word == "NaN") {
      point.value = std::numeric_limits<double>::quiet_NaN();
    } else if (word == "Infinity" || word == "-Infinity") {
      point.value = std::numeric_limits<double>::infinity() * (word[0] == '-' ? -1 : 1);
    } else {
      return std::nullopt;
    }
  } else {
    boost::system::error_code error;
    point.value = value->to_number<double>(error);
    if (error) return std::nullopt;
  }
  const auto* runtime = object->if_contains("runtime");
  point.runtime = runtime != nullptr && runtime->is_bool() && runtime->as_bool();
  return point;
}

json::value metric_value(double value) {
  if (std::isfinite(value)) return value;
  if (std::isnan(value)) return "NaN";
  return value > 0 ? "Infinity" : "-Infinity";
}

std::string metric_text(double value) {
  if (!std::isfinite(value)) return std::string(metric_value(value).as_string());
  constexpr int kDigits = 6;
  std::array<char, 32> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::general, kDigits);
  return {buffer.data(), end.ptr};
}

void MetricStats::add(const LoggedPoint& point) {
  ++count;
  last = point.value;
  step = point.step;
  if (!std::isfinite(point.value)) return;
  min = numbers == 0 ? point.value : std::min(min, point.value);
  max = numbers == 0 ? point.value : std::max(max, point.value);
  sum += point.value;
  ++numbers;
}

double MetricStats::mean() const {
  return numbers == 0 ? std::numeric_limits<double>::quiet_NaN()
                      : sum / static_cast<double>(numbers);
}

}  // namespace cairn
