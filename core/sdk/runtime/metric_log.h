// MetricLog: the metrics of one attempt, on their way to metrics.jsonl, and the rules on them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/sdk/runtime/redactor.h"

namespace cairn {

// A watchdog: `points` values of the metric in a row that break the rule raise an alarm.
struct MetricRule {
  enum class When { kNotFinite, kAbove, kBelow };
  std::string metric;
  When when = When::kNotFinite;
  double limit = 0;
  std::uint32_t points = 1;
};

struct MetricAlarm {
  std::uint32_t rule = 0;  // its place in the list
  std::int64_t step = 0;   // of the first of the points
  std::string metric;
  double value = 0;     // of the last of them
  std::string message;  // for people: metric, value, limit and step
};

// Not thread-safe. Lines are kept in memory until flush().
class MetricLog {
 public:
  // Called before the first line is written; makes the folder of the file.
  using MakeFile = std::function<Result<fs::path>()>;

  // rules and redactor outlive it; names are redacted.
  MetricLog(FileSystem& files, MakeFile make_file, std::span<const MetricRule> rules,
            const Redactor& redactor)
      : files_(files), make_file_(std::move(make_file)), rules_(rules), redactor_(redactor) {}

  // An alarm if this point completes one. Rules do not look at runtime metrics.
  [[nodiscard]] std::optional<MetricAlarm> add(std::string_view name, std::int64_t step,
                                               double value, bool runtime);
  // Time to flush.
  [[nodiscard]] bool full() const;
  // Writes the lines; those that cannot be written are lost.
  [[nodiscard]] Result<void> flush();
  // In the file.
  [[nodiscard]] std::uint64_t size() const { return file_ ? file_->size() : 0; }
  // The last value of each metric.
  [[nodiscard]] std::map<std::string, double> last() const;

 private:
  struct Watch {
    std::uint32_t rule;
    std::uint32_t broken = 0;  // points in a row
    std::int64_t since = 0;    // step of the first of them
  };
  struct Series {
    std::string name;   // redacted
    std::string begin;  // {"name":"loss","step":
    double last = 0;
    std::vector<Watch> watches;
  };
  [[nodiscard]] Series& series(std::string_view name);
  [[nodiscard]] Result<void> write_lines();
  [[nodiscard]] std::optional<MetricAlarm> watch(Series& series, std::int64_t step,
                                                 double value) const;

  FileSystem& files_;
  MakeFile make_file_;
  std::span<const MetricRule> rules_;
  const Redactor& redactor_;
  std::map<std::string, Series, std::less<>> series_;
  std::string lines_;
  std::unique_ptr<AppendFile> file_;
};

// As JSON, in the form and with the digits that json::serialize writes; what is not finite is one
// of the strings "NaN", "Infinity", "-Infinity".
void append_number(double value, std::string& out);

}  // namespace cairn
