#include "core/server/reading/metric_series.h"

#include <algorithm>
#include <set>

#include "core/base/text.h"
#include "core/server/reading/metric_index.h"
#include "core/server/reading/metric_stats.h"
#include "core/server/reading/task_folders.h"

namespace cairn {
namespace {

using Step = std::int64_t;
constexpr Step kFirst = std::numeric_limits<Step>::min();
constexpr Step kLast = std::numeric_limits<Step>::max();
constexpr std::uint64_t kNumbersOfBucket = 8;
constexpr std::uint64_t kNumbersOfPixel = 4;
constexpr std::uint64_t kFarApart = 4;  // times the usual distance

struct Attempt {
  int number = 0;
  std::shared_ptr<MetricIndex> index;
};

// The attempts of a task with their indexes, read as far as the budget goes.
struct TaskMetrics {
  std::vector<Attempt> attempts;
  std::uint64_t counted = 0;
  std::uint64_t size = 0;
  std::uint64_t left_out = 0;
  bool complete = true;  // else the budget was spent before the files were read

  // Up to which step points of attempt i are shown: later ones have been measured again.
  [[nodiscard]] std::optional<Step> shown_until(std::size_t i, const std::string& name) const {
    Step until = kLast;
    for (std::size_t later = i + 1; later < attempts.size(); ++later) {
      const MetricSummary all = attempts[later].index->whole(name);
      if (all.count == 0) continue;
      if (all.step_min == kFirst) return std::nullopt;
      until = std::min(until, all.step_min - 1);
    }
    return until;
  }
};

Result<TaskMetrics> open_metrics(Indexes& indexes, const TaskFolder& task, Duration work) {
  TaskMetrics metrics;
  const WorkBudget budget(indexes.clock(), work);
  TaskPlace place;
  place.folder = task;
  for (const int number : attempts_of(place)) {
    const std::string name = TaskFolder{}.attempt(number).metrics().generic_string();
    auto file = open_task_file(task, name);
    if (!file.ok() && file.error().code == ErrorCode::kNotFound) continue;
    if (!file.ok()) return std::move(file).error();
    auto index = indexes.of<MetricIndex>(task.root / name, [&] {
      return std::make_shared<MetricIndex>(task, number, indexes.scratch());
    });
    CAIRN_ASSIGN(const bool complete, index->extend(*file, budget));
    metrics.complete = metrics.complete && complete;
    metrics.counted += index->counted();
    metrics.size += file->size;
    metrics.left_out += index->left_out();
    metrics.attempts.push_back({number, std::move(index)});
  }
  indexes.trim();
  return metrics;
}

class WholeRange final : public MetricIndex::Sink {
 public:
  bool take(const MetricSummary& summary) override {
    all.merge(summary);
    return true;
  }
  void add(const StepValue& point) override { all.add(point); }
  MetricSummary all;
};

class Points final : public MetricIndex::Sink {
 public:
  bool take(const MetricSummary& /*summary*/) override { return false; }
  void add(const StepValue& point) override { all.push_back(point); }
  std::vector<StepValue> all;
};

// Equal shares of a range of steps.
class Buckets final : public MetricIndex::Sink {
 public:
  Buckets(Step first, Step last, std::uint64_t count)
      : first_(static_cast<std::uint64_t>(first)),
        share_((static_cast<std::uint64_t>(last) - first_) / count),
        buckets(count) {
    if (share_ != ~std::uint64_t{0}) ++share_;  // of the whole range of steps there is no more
  }
  bool take(const MetricSummary& summary) override {
    const std::uint64_t at = of(summary.step_min);
    if (at != of(summary.step_max)) return false;
    buckets[at].merge(summary);
    return true;
  }
  void add(const StepValue& point) override { buckets[of(point.step)].add(point); }

 private:
  [[nodiscard]] std::uint64_t of(Step step) const {
    return std::min<std::uint64_t>((static_cast<std::uint64_t>(step) - first_) / share_,
                                   buckets.size() - 1);
  }
  std::uint64_t first_;
  std::uint64_t share_;

 public:
  std::vector<MetricSummary> buckets;
};

json::value limit_of(const MetricSummary& summary, double value) {
  return summary.count > summary.nan ? json::value(value) : json::value();
}

json::array gap(Step before, Step after) {
  return {before, after};
}

json::object bucket_columns(const std::vector<MetricSummary>& buckets, json::array& gaps) {
  json::array step_first;
  json::array step_last;
  json::array first;
  json::array last;
  json::array min;
  json::array max;
  json::array count;
  json::array nan;
  const MetricSummary* before = nullptr;
  for (std::size_t i = 0; i < buckets.size(); ++i) {
    const MetricSummary& bucket = buckets[i];
    if (bucket.count == 0) continue;
    if (before != nullptr && buckets[i - 1].count == 0)
      gaps.push_back(gap(before->step_max, bucket.step_min));
    before = &bucket;
    step_first.push_back(bucket.step_min);
    step_last.push_back(bucket.step_max);
    first.push_back(metric_value(bucket.first));
    last.push_back(metric_value(bucket.last));
    min.push_back(limit_of(bucket, bucket.min));
    max.push_back(limit_of(bucket, bucket.max));
    count.push_back(bucket.count);
    nan.push_back(bucket.nan);
  }
  return {{"step_first", std::move(step_first)},
          {"step_last", std::move(step_last)},
          {"first", std::move(first)},
          {"last", std::move(last)},
          {"min", std::move(min)},
          {"max", std::move(max)},
          {"count", std::move(count)},
          {"nan", std::move(nan)}};
}

json::array gaps_between(const std::vector<StepValue>& points) {
  std::vector<std::uint64_t> distances;
  for (std::size_t i = 1; i < points.size(); ++i)
    distances.push_back(static_cast<std::uint64_t>(points[i].step) -
                        static_cast<std::uint64_t>(points[i - 1].step));
  json::array gaps;
  if (distances.size() < 2) return gaps;
  std::vector<std::uint64_t> sorted = distances;
  const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>((sorted.size() - 1) / 2);
  std::nth_element(sorted.begin(), middle, sorted.end());
  const std::uint64_t usual = std::max<std::uint64_t>(*middle, 1);
  for (std::size_t i = 0; i < distances.size(); ++i)
    if (distances[i] / kFarApart >= usual && distances[i] > kFarApart * usual)
      gaps.push_back(gap(points[i].step, points[i + 1].step));
  return gaps;
}

// A part of a series that one attempt measured.
struct Part {
  const MetricIndex* index = nullptr;
  int attempt = 0;
  Step first = kFirst;
  Step last = kLast;
};

class SeriesView {
 public:
  SeriesView(const TaskMetrics& metrics, std::string name) : name_(std::move(name)) {
    for (std::size_t i = 0; i < metrics.attempts.size(); ++i) {
      const MetricIndex& index = *metrics.attempts[i].index;
      bool runtime = false;
      if (index.whole(name_, &runtime).count == 0) continue;
      runtime_ = runtime;
      if (const auto until = metrics.shown_until(i, name_))
        parts_.push_back({&index, metrics.attempts[i].number, kFirst, *until});
    }
  }

  Result<MetricSummary> whole(Step first, Step last) const {
    WholeRange range;
    CAIRN_TRY(visit(first, last, range));
    return range.all;
  }
  Result<void> visit(Step first, Step last, MetricIndex::Sink& sink) const {
    for (const Part& part : parts_)
      if (first <= part.last)
        CAIRN_TRY(part.index->visit(name_, first, std::min(last, part.last), sink));
    return {};
  }

  Result<json::object> draw(Step first, Step last, std::uint32_t width) const {
    CAIRN_ASSIGN(const MetricSummary all, whole(first, last));
    json::object series{{"name", name_}, {"runtime", runtime_}, {"raw", all.count}};
    json::array gaps;
    if (all.count < width) {
      Points points;
      CAIRN_TRY(visit(first, last, points));
      std::ranges::stable_sort(points.all, {}, &StepValue::step);
      json::array steps;
      json::array values;
      for (const StepValue& point : points.all) {
        steps.push_back(point.step);
        values.push_back(metric_value(point.value));
      }
      series["points"] = json::object{{"step", std::move(steps)}, {"value", std::move(values)}};
      gaps = gaps_between(points.all);
    } else {
      Buckets buckets(first, last, kNumbersOfPixel * width / kNumbersOfBucket);
      CAIRN_TRY(visit(first, last, buckets));
      series["buckets"] = bucket_columns(buckets.buckets, gaps);
    }
    series["gaps"] = std::move(gaps);
    json::array attempts;
    for (const Part& part : parts_) {
      if (first > part.last) continue;
      WholeRange own;
      CAIRN_TRY(part.index->visit(name_, first, std::min(last, part.last), own));
      if (own.all.count == 0) continue;
      attempts.push_back(json::object{{"attempt", part.attempt},
                                      {"step_first", own.all.step_min},
                                      {"step_last", own.all.step_max},
                                      {"raw", own.all.count}});
    }
    series["attempts"] = std::move(attempts);
    return series;
  }

  [[nodiscard]] bool runtime() const { return runtime_; }
  [[nodiscard]] const std::string& name() const { return name_; }

 private:
  std::string name_;
  bool runtime_ = false;
  std::vector<Part> parts_;
};

Result<json::object> names_document(const TaskMetrics& metrics) {
  std::set<std::string> names;
  for (const Attempt& attempt : metrics.attempts)
    for (std::string& name : attempt.index->names()) names.insert(std::move(name));
  json::array list;
  for (const std::string& name : names) {
    const SeriesView view(metrics, name);
    CAIRN_ASSIGN(const MetricSummary all, view.whole(kFirst, kLast));
    if (all.count == 0) continue;
    list.push_back(json::object{{"name", name},
                                {"runtime", view.runtime()},
                                {"count", all.count},
                                {"nan", all.nan},
                                {"step_min", all.step_min},
                                {"step_max", all.step_max},
                                {"last", metric_value(all.last)},
                                {"min", limit_of(all, all.min)},
                                {"max", limit_of(all, all.max)}});
  }
  json::object document{{"metrics", std::move(list)}};
  if (metrics.left_out > 0) document["left_out"] = metrics.left_out;
  return document;
}

Result<json::object> series_document(const TaskMetrics& metrics,
                                     const MetricSeriesRequest& request) {
  std::vector<SeriesView> views;
  MetricSummary range;
  for (const std::string& name : request.names) {
    views.emplace_back(metrics, name);
    CAIRN_ASSIGN(const MetricSummary all, views.back().whole(request.step_first.value_or(kFirst),
                                                             request.step_last.value_or(kLast)));
    range.merge(all);
  }
  json::object document;
  const bool empty = range.count == 0;
  const Step first = request.step_first.value_or(empty ? 0 : range.step_min);
  const Step last = std::max(first, request.step_last.value_or(empty ? first : range.step_max));
  document["step_first"] = empty ? json::value() : json::value(first);
  document["step_last"] = empty ? json::value() : json::value(last);
  json::array list;
  for (const SeriesView& view : views) {
    CAIRN_ASSIGN(json::object series, view.draw(first, last, request.width));
    list.push_back(std::move(series));
  }
  document["series"] = std::move(list);
  return document;
}

// With the indexes as they are; once more from the files where one that was kept is damaged.
template <typename Make>
Result<json::object> with_metrics(Indexes& indexes, const TaskFolder& task, Duration work,
                                  const Make& make) {
  CAIRN_ASSIGN(TaskMetrics metrics, open_metrics(indexes, task, work));
  Result<json::object> document = make(metrics);
  if (!document.ok() && document.error().code == ErrorCode::kCorrupt) {
    for (const Attempt& attempt : metrics.attempts) attempt.index->forget();
    CAIRN_ASSIGN(metrics, open_metrics(indexes, task, work));
    document = make(metrics);
  }
  if (document.ok() && !metrics.complete)
    (*document)["counting"] = json::object{{"bytes", metrics.counted}, {"size", metrics.size}};
  return document;
}

}  // namespace

Result<json::object> metric_names(Indexes& indexes, const TaskFolder& task, Duration work) {
  return with_metrics(indexes, task, work, names_document);
}

Result<json::object> metric_series(Indexes& indexes, const TaskFolder& task,
                                   const MetricSeriesRequest& request) {
  if (request.names.empty() || request.names.size() > kMostSeriesShown)
    return invalid_argument(std::to_string(request.names.size()) + " series cannot be had at once",
                            "name 1 to " + std::to_string(kMostSeriesShown) + " metrics");
  for (const std::string& name : request.names)
    if (!is_valid_utf8(name))
      return invalid_argument("'" + printable(name) + "' is no name of a metric",
                              "names are valid UTF-8");
  if (request.width < 2 || request.width > kWidest)
    return invalid_argument("a chart of " + std::to_string(request.width) + " pixels cannot be had",
                            "ask for 2 to " + std::to_string(kWidest));
  if (request.step_first && request.step_last && *request.step_first > *request.step_last)
    return invalid_argument("the range of steps ends before it begins",
                            "name the smaller step first");
  return with_metrics(indexes, task, request.work, [&](const TaskMetrics& metrics) {
    return series_document(metrics, request);
  });
}

}  // namespace cairn
