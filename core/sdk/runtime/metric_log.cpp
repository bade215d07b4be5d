#include "core/sdk/runtime/metric_log.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "core/base/boundary.h"
#include "core/base/json.h"
#include "core/base/text.h"

namespace cairn {
namespace {

constexpr std::size_t kFlushBytes = 64 << 10;

bool breaks(const MetricRule& rule, double value) {
  switch (rule.when) {
    case MetricRule::When::kNotFinite:
      return !std::isfinite(value);
    case MetricRule::When::kAbove:
      return value > rule.limit;
    case MetricRule::When::kBelow:
      return value < rule.limit;
  }
  return false;
}

std::string describe(const MetricRule& rule, const MetricAlarm& alarm) {
  std::string text = "a watchdog stopped the stage: metric '" + alarm.metric + "' is " +
                     format_number(alarm.value) + ", which is ";
  if (rule.when == MetricRule::When::kNotFinite) {
    text += "not finite";
  } else {
    text +=
        (rule.when == MetricRule::When::kAbove ? "above " : "below ") + format_number(rule.limit);
  }
  if (rule.points > 1) text += ", at " + std::to_string(rule.points) + " points in a row,";
  return text + (rule.points > 1 ? " from step " : ", at step ") + std::to_string(alarm.step) +
         (rule.points > 1 ? " on" : "");
}

}  // namespace

// std::to_chars writes 1.5e+00 where json::serialize writes 1.5E0.
void append_number(double value, std::string& out) {
  if (!std::isfinite(value)) {
    out += std::isnan(value) ? "\"NaN\"" : value > 0 ? "\"Infinity\"" : "\"-Infinity\"";
    return;
  }
  std::array<char, 32> text;
  const char* const end =
      std::to_chars(text.data(), text.data() + text.size(), value, std::chars_format::scientific)
          .ptr;
  const char* const begin = text.data();
  const char* const mark = std::find(begin, end, 'e');
  out.append(begin, mark);
  out += 'E';
  if (mark[1] == '-') out += '-';
  const char* digits = mark + 2;
  while (digits + 1 < end && *digits == '0') ++digits;
  out.append(digits, end);
}

MetricLog::Series& MetricLog::series(std::string_view name) {
  const auto found = series_.find(name);
  if (found != series_.end()) return found->second;
  Series made;
  made.name = redactor_.empty() ? std::string(name) : redactor_.redacted(name);
  if (!is_valid_utf8(made.name)) made.name = printable(made.name);
  made.begin = "{\"name\":" + json::serialize(json::string(made.name)) + ",\"step\":";
  for (std::size_t i = 0; i < rules_.size(); ++i)
    if (rules_[i].metric == name) made.watches.push_back({.rule = static_cast<std::uint32_t>(i)});
  return series_.emplace(std::string(name), std::move(made)).first->second;
}

std::optional<MetricAlarm> MetricLog::watch(Series& series, std::int64_t step, double value) const {
  for (Watch& watch : series.watches) {
    const MetricRule& rule = rules_[watch.rule];
    if (!breaks(rule, value)) {
      watch.broken = 0;
      continue;
    }
    if (watch.broken++ == 0) watch.since = step;
    if (watch.broken < rule.points) continue;
    MetricAlarm alarm{watch.rule, watch.since, series.name, value, {}};
    alarm.message = describe(rule, alarm);
    return alarm;
  }
  return std::nullopt;
}

std::optional<MetricAlarm> MetricLog::add(std::string_view name, std::int64_t step, double value,
                                          bool runtime) {
  Series& target = series(name);
  target.last = value;
  lines_ += target.begin;
  std::array<char, 24> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), step).ptr;
  lines_.append(static_cast<const char*>(digits.data()), end);
  lines_ += ",\"value\":";
  append_number(value, lines_);
  lines_ += runtime ? ",\"runtime\":true}\n" : "}\n";
  if (runtime || target.watches.empty()) return std::nullopt;
  return watch(target, step, value);
}

bool MetricLog::full() const {
  return lines_.size() >= kFlushBytes;
}

Result<void> MetricLog::flush() {
  if (lines_.empty()) return {};
  auto written = write_lines();
  lines_.clear();
  return written;
}

Result<void> MetricLog::write_lines() {
  const PersistenceBoundary boundary(Boundary::kAttemptLog);
  if (!file_) {
    CAIRN_ASSIGN(const fs::path path, make_file_());
    CAIRN_ASSIGN(file_, files_.open_append(path));
  }
  return file_->append(lines_);
}

std::map<std::string, double> MetricLog::last() const {
  std::map<std::string, double> values;
  for (const auto& [name, series] : series_) values[series.name] = series.last;
  return values;
}

}  // namespace cairn
