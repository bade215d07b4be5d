#include "core/server/api/metrics_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/base/text.h"

namespace cairn::api {
namespace {

using Labels = std::vector<std::pair<std::string, std::string>>;

std::string escaped(const std::string& value) {
  std::string text;
  for (const char letter : value) {
    if (letter == '\\' || letter == '"') text += '\\';
    if (letter == '\n') {
      text += "\\n";
    } else {
      text += letter;
    }
  }
  return text;
}

std::string in_seconds(std::int64_t nanoseconds) {
  return format_number(static_cast<double>(nanoseconds) / 1e9);
}

// The end of a class as OpenMetrics has it: without an exponent, with a point.
std::string class_end(std::int64_t nanoseconds) {
  std::string text = fmt::format("{:.9f}", static_cast<double>(nanoseconds) / 1e9);
  text.erase(std::max(text.find_last_not_of('0') + 1, text.find('.') + 2));
  return text;
}

std::string seconds(std::int64_t milliseconds) {
  return format_number(static_cast<double>(milliseconds) / 1000.0);
}

class Text {
 public:
  void family(const std::string& name, const char* type, const std::string& help,
              const char* unit = nullptr) {
    name_ = name;
    text_ += "# TYPE " + name + " " + type + "\n";
    if (unit != nullptr) text_ += "# UNIT " + name + " " + unit + "\n";
    text_ += "# HELP " + name + " " + help + "\n";
  }
  void sample(const std::string& suffix, const Labels& labels, const std::string& value) {
    text_ += name_ + suffix;
    for (std::size_t i = 0; i < labels.size(); ++i)
      text_ += (i == 0 ? "{" : ",") + labels[i].first + "=\"" + escaped(labels[i].second) + "\"";
    if (!labels.empty()) text_ += '}';
    text_ += " " + value + "\n";
  }
  void gauge(const std::string& name, const std::string& help, std::uint64_t value,
             const char* unit = nullptr) {
    family(name, "gauge", help, unit);
    sample("", {}, std::to_string(value));
  }
  void histogram(const std::string& name, const std::string& help, const Histogram& histogram) {
    family(name, "histogram", help, "seconds");
    std::uint64_t below = 0;
    for (std::size_t i = 0; i < histogram.counts().size(); ++i) {
      below += histogram.counts().at(i);
      sample("_bucket",
             {{"le", i < Histogram::kEnds.size() ? class_end(Histogram::kEnds.at(i)) : "+Inf"}},
             std::to_string(below));
    }
    sample("_sum", {}, in_seconds(histogram.nanoseconds()));
    sample("_count", {}, std::to_string(below));
  }
  std::string end() && { return std::move(text_) + "# EOF\n"; }

 private:
  std::string name_;
  std::string text_;
};

void add_http(Text& text, const http::Counts& counts) {
  text.family("cairn_http_requests", "counter", "Requests by route and class of status");
  for (const auto& [route, of_route] : counts.routes) {
    for (std::size_t i = 0; i < of_route.by_class.size(); ++i) {
      if (of_route.by_class.at(i) == 0) continue;
      text.sample("_total",
                  {{"method", route.first},
                   {"route", route.second},
                   {"status", i == 0 ? "none" : std::to_string(i) + "xx"}},
                  std::to_string(of_route.by_class.at(i)));
    }
  }
  text.family("cairn_http_request_duration_seconds", "histogram",
              "From the first byte of a request to the last of its answer; streams are left out",
              "seconds");
  std::array<std::uint64_t, http::kDurationClasses.size() + 1> all{};
  std::uint64_t milliseconds = 0;
  for (const auto& [route, of_route] : counts.routes) {
    for (std::size_t i = 0; i < all.size(); ++i) all.at(i) += of_route.durations.at(i);
    milliseconds += of_route.milliseconds;
  }
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < all.size(); ++i) {
    below += all.at(i);
    const std::string end = i < http::kDurationClasses.size()
                                ? class_end(http::kDurationClasses.at(i) * 1'000'000)
                                : "+Inf";
    text.sample("_bucket", {{"le", end}}, std::to_string(below));
  }
  text.sample("_sum", {}, seconds(static_cast<std::int64_t>(milliseconds)));
  text.sample("_count", {}, std::to_string(below));
  text.gauge("cairn_http_connections", "Open connections", counts.connections);
  text.gauge("cairn_http_streams", "Open streams", counts.streams);
  text.family("cairn_http_connections_refused", "counter", "Connections beyond the limit");
  text.sample("_total", {}, std::to_string(counts.turned_away));
}

}  // namespace

std::string metrics_text(const MetricValues& values) {
  Text text;
  text.family("cairn_build", "info", "The version that serves");
  text.sample("_info", {{"version", values.version}}, "1");
  text.family("cairn_start_time_seconds", "gauge", "When it began, since 1970", "seconds");
  text.sample("", {}, seconds(values.started_at.time_since_epoch().count()));
  text.gauge("cairn_engine_halted", "1 where the engine halted: see the log",
             values.halted ? 1 : 0);
  text.family("cairn_runs", "gauge", "Runs by status");
  for (const auto& [status, count] : values.runs)
    text.sample("", {{"status", status}}, std::to_string(count));
  text.family("cairn_tasks", "gauge", "Tasks of unfinished runs by status");
  for (const auto& [status, count] : values.tasks)
    text.sample("", {{"status", status}}, std::to_string(count));
  text.family("cairn_task_attempts", "counter",
              "Attempts that ended since the start, by stage type, result and cause");
  for (const auto& [key, count] : values.attempts) {
    text.sample("_total",
                {{"stage_type", key.first},
                 {"result", key.second.empty() ? "succeeded" : "failed"},
                 {"cause", key.second}},
                std::to_string(count));
  }
  text.histogram("cairn_scheduler_lag_seconds",
                 "Between what happens outside the engine and the turn that takes it up",
                 values.timings.lag);
  text.histogram("cairn_journal_commit_duration_seconds", "One synced batch of the journal",
                 values.timings.commit);
  text.gauge("cairn_journal_sequence", "Of the last record of the journal",
             values.journal_sequence);
  text.gauge("cairn_cpus", "That tasks may use", values.cpus);
  text.gauge("cairn_cpus_in_use", "Of running tasks", values.cpus_in_use);
  text.gauge("cairn_memory_bytes", "That tasks may use", values.memory_bytes, "bytes");
  text.gauge("cairn_memory_in_use_bytes", "Of running tasks", values.memory_in_use, "bytes");
  text.gauge("cairn_disk_free_bytes", "Where the store lies", values.disk_free_bytes, "bytes");
  text.gauge("cairn_sse_clients", "Listeners to events", values.event_listeners);
  text.gauge("process_resident_memory_bytes", "Of the server", values.resident_bytes, "bytes");
  text.gauge("process_open_fds", "Open files of the server", values.open_files);
  add_http(text, values.http);
  return std::move(text).end();
}

}  // namespace cairn::api
