#include "core/server/reading/metric_scan.h"

#include <charconv>
#include <cstring>
#include <limits>

#include "core/server/reading/metric_stats.h"

namespace cairn {
namespace {

constexpr std::string_view kName = R"({"name":")";
constexpr std::string_view kStep = R"(","step":)";
constexpr std::string_view kValue = R"(,"value":)";
constexpr std::string_view kEnd = "}";
constexpr std::string_view kRuntimeEnd = R"(,"runtime":true})";

// Moves behind what stands there; false where it does not.
bool pass(std::string_view& rest, std::string_view text) {
  if (!rest.starts_with(text)) return false;
  rest.remove_prefix(text.size());
  return true;
}

bool is_digit(char letter) {
  return letter >= '0' && letter <= '9';
}

bool scan_value(std::string_view& rest, double& value) {
  if (rest.empty()) return false;
  if (rest[0] == '"') {
    rest.remove_prefix(1);
    const bool minus = pass(rest, "-");
    if (pass(rest, "Infinity\"")) {
      value = std::numeric_limits<double>::infinity() * (minus ? -1 : 1);
      return true;
    }
    value = std::numeric_limits<double>::quiet_NaN();
    return !minus && pass(rest, "NaN\"");
  }
  if (!is_digit(rest[0]) && (rest[0] != '-' || rest.size() < 2 || !is_digit(rest[1]))) return false;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), value);
  if (error != std::errc()) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

}  // namespace

bool scan_plain_point(std::string_view line, ScannedPoint& point) {
  if (!pass(line, kName)) return false;
  const auto* quote = static_cast<const char*>(std::memchr(line.data(), '"', line.size()));
  if (quote == nullptr) return false;
  const auto length = static_cast<std::size_t>(quote - line.data());
  point.name = line.substr(0, length);
  if (std::memchr(line.data(), '\\', length) != nullptr) return false;
  line.remove_prefix(length);
  if (!pass(line, kStep)) return false;
  const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), point.step);
  if (error != std::errc()) return false;
  line.remove_prefix(static_cast<std::size_t>(end - line.data()));
  if (!pass(line, kValue) || !scan_value(line, point.value)) return false;
  point.runtime = line == kRuntimeEnd;
  return point.runtime || line == kEnd;
}

bool scan_point(std::string_view line, ScannedPoint& point, std::string& kept) {
  if (scan_plain_point(line, point)) return true;
  auto parsed = parse_metric_point(line);
  if (!parsed) return false;
  kept = std::move(parsed->name);
  point = {kept, parsed->step, parsed->value, parsed->runtime};
  return true;
}

}  // namespace cairn
