#include "core/server/reading/metric_index.h"

#include <array>
#include <cstring>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "core/base/text.h"
#include "core/server/reading/metric_index_file.h"
#include "core/server/reading/metric_scan.h"

namespace cairn {
namespace {

constexpr std::size_t kRead = std::size_t{1} << 20;
constexpr std::size_t kGuard = 64;
constexpr std::size_t kLongestName = 1024;
constexpr std::uint64_t kWorthKeeping = std::uint64_t{2} << 20;  // bytes of metrics.jsonl
constexpr std::uint64_t kSaveAfter = std::uint64_t{1} << 20;     // further bytes, at least
constexpr std::uint64_t kSaveShare = 8;                          // of what is saved
constexpr std::size_t kNone = ~std::size_t{0};

struct NameHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view name) const {
    return std::hash<std::string_view>()(name);
  }
};

}  // namespace

MetricSummary MetricSeries::all() const {
  MetricSummary summary;
  for (std::size_t level = levels.size(); level-- > 0;) {
    const std::size_t covered = level + 1 < levels.size() ? levels[level + 1].size() * 2 : 0;
    for (std::size_t i = covered; i < levels[level].size(); ++i) summary.merge(levels[level][i]);
  }
  for (const StepValue& point : tail) summary.add(point);
  return summary;
}

void MetricSeries::add_block(const BlockPlace& place, const MetricSummary& summary) {
  blocks.push_back(place);
  if (levels.empty()) levels.emplace_back();
  levels[0].push_back(summary);
  for (std::size_t level = 0; levels[level].size() % 2 == 0; ++level) {
    MetricSummary both = levels[level][levels[level].size() - 2];
    both.merge(levels[level].back());
    if (level + 1 == levels.size()) levels.emplace_back();
    levels[level + 1].push_back(both);
  }
}

struct MetricIndex::Content {
  std::vector<MetricSeries> series;
  std::unordered_map<std::string, std::size_t, NameHash, std::equal_to<>> places;
  // Stages measure the same metrics in the same order again and again.
  std::vector<std::size_t> follower;  // of each series
  std::size_t previous = kNone;
  std::uint64_t counted = 0;
  std::uint64_t left_out = 0;
  std::string guard;
  std::optional<PointStore> store;
  bool kept = false;  // the store is metrics.index
  std::uint64_t saved = 0;
  std::string name;  // of a line that needed a parser
};

MetricIndex::MetricIndex(TaskFolder task, int attempt, fs::path scratch)
    : task_(std::move(task)), attempt_(attempt), scratch_(std::move(scratch)) {}

MetricIndex::~MetricIndex() = default;

Result<bool> MetricIndex::same_file(const OpenFile& file) const {
  if (!content_ || file.size < content_->counted) return false;
  const std::string& guard = content_->guard;
  CAIRN_ASSIGN(const std::string now,
               read_range(file.fd.get(), content_->counted - guard.size(), guard.size()));
  return now == guard;
}

Result<void> MetricIndex::begin(const OpenFile& file) {
  content_.reset();  // with its hold on the kept file
  content_ = std::make_unique<Content>();
  Content& content = *content_;
  content.store.emplace(
      [this, &content]() -> Result<Fd> {
        auto kept = open_metric_index(task_, attempt_);
        if (kept.ok() && begin_metric_index(kept->get()).ok()) {
          content.kept = true;
          return kept;
        }
        return open_nameless(scratch_);
      },
      kMetricIndexBegin);
  if (file.size < kWorthKeeping) return {};
  auto kept = open_metric_index(task_, attempt_);
  if (!kept.ok()) return {};
  CAIRN_ASSIGN(auto loaded, load_metric_index(kept->get()));
  if (!loaded) return {};
  content.counted = content.saved = loaded->kept.counted;
  content.guard = loaded->kept.guard;
  CAIRN_ASSIGN(const bool same, same_file(file));
  if (!same || content.counted == 0) {
    content.counted = content.saved = 0;
    content.guard.clear();
    return {};
  }
  content.left_out = loaded->kept.left_out;
  content.series = std::move(loaded->kept.series);
  content.follower.assign(content.series.size(), kNone);
  for (std::size_t i = 0; i < content.series.size(); ++i)
    content.places.emplace(content.series[i].name, i);
  content.store.emplace(std::move(*kept), loaded->blocks_end);
  content.kept = true;
  return {};
}

std::size_t MetricIndex::series_of(std::string_view name) {
  Content& content = *content_;
  if (content.previous != kNone) {
    const std::size_t guess = content.follower[content.previous];
    if (guess != kNone && content.series[guess].name == name) return content.previous = guess;
  }
  std::size_t found = kNone;
  if (const auto place = content.places.find(name); place != content.places.end()) {
    found = place->second;
  } else if (content.series.size() < kMostSeries && name.size() <= kLongestName &&
             is_valid_utf8(name)) {
    found = content.series.size();
    content.series.emplace_back().name = name;
    content.follower.push_back(kNone);
    content.places.emplace(name, found);
  }
  if (found != kNone) {
    if (content.previous != kNone) content.follower[content.previous] = found;
    content.previous = found;
  }
  return found;
}

Result<void> MetricIndex::add(std::size_t number, const StepValue& point) {
  MetricSeries& series = content_->series[number];
  series.tail.push_back(point);
  if (series.tail.size() < kBlockPoints) return {};
  MetricSummary summary;
  for (const StepValue& each : series.tail) summary.add(each);
  CAIRN_ASSIGN(const BlockPlace place, content_->store->append(series.tail));
  series.add_block(place, summary);
  series.tail.clear();
  return {};
}

Result<void> MetricIndex::take_line(std::string_view line) {
  ScannedPoint point;
  if (!scan_point(line, point, content_->name)) return {};
  const std::size_t number = series_of(point.name);
  if (number == kNone) {
    ++content_->left_out;
    return {};
  }
  content_->series[number].runtime = point.runtime;
  return add(number, {point.step, point.value});
}

Result<bool> MetricIndex::read_on(const OpenFile& file, const WorkBudget& budget) {
  Content& content = *content_;
  std::string bytes(std::min<std::uint64_t>(kRead, file.size - content.counted), '\0');
  bool within_line = false;  // that is longer than what is read at once: it is no point
  bool complete = true;
  std::uint64_t at = content.counted;
  while (at < file.size) {
    CAIRN_ASSIGN(const std::size_t got,
                 read_at(file.fd.get(), at, bytes.data(),
                         std::min<std::uint64_t>(bytes.size(), file.size - at)));
    if (got == 0) break;
    const auto* last = static_cast<const char*>(::memrchr(bytes.data(), '\n', got));
    if (last == nullptr) {
      at += got;
      within_line = true;
      continue;
    }
    const char* line = bytes.data();
    while (line <= last) {
      const auto* end = static_cast<const char*>(
          std::memchr(line, '\n', static_cast<std::size_t>(last + 1 - line)));
      if (!within_line)
        CAIRN_TRY(take_line(std::string_view(line, static_cast<std::size_t>(end - line))));
      within_line = false;
      line = end + 1;
    }
    at += static_cast<std::uint64_t>(line - bytes.data());
    content.counted = at;
    complete = at >= file.size || !budget.spent();
    if (!complete) break;
  }
  const std::size_t size = std::min<std::uint64_t>(kGuard, content.counted);
  CAIRN_ASSIGN(content.guard, read_range(file.fd.get(), content.counted - size, size));
  return complete;
}

Result<bool> MetricIndex::extend(const OpenFile& file, const WorkBudget& budget) {
  const std::unique_lock lock(mutex_);
  CAIRN_ASSIGN(const bool same, same_file(file));
  if (!same) CAIRN_TRY(begin(file));
  Result<bool> complete = true;
  if (content_->counted < file.size) complete = read_on(file, budget);
  if (!complete.ok()) {
    content_.reset();  // a line may have been taken in part
  } else if (content_->kept && content_->counted - content_->saved >=
                                   std::max(kSaveAfter, content_->saved / kSaveShare)) {
    save();
  }
  measure();
  return complete;
}

// Where it fails the file counts for nothing, but its blocks still serve this process.
void MetricIndex::save() {
  Content& content = *content_;
  content.saved = content.counted;
  content.kept = content.store->flush().ok();
  if (!content.kept) return;
  KeptMetrics kept{content.counted, content.left_out, content.guard, std::move(content.series)};
  content.kept = write_footer(content.store->fd(), content.store->end(), kept).ok();
  content.series = std::move(kept.series);
}

void MetricIndex::forget() {
  const std::unique_lock lock(mutex_);
  content_.reset();
  if (const auto kept = open_metric_index(task_, attempt_); kept.ok())
    (void)begin_metric_index(kept->get());
  measure();
}

std::uint64_t MetricIndex::counted() const {
  const std::shared_lock lock(mutex_);
  return content_ ? content_->counted : 0;
}

std::uint64_t MetricIndex::left_out() const {
  const std::shared_lock lock(mutex_);
  return content_ ? content_->left_out : 0;
}

std::vector<std::string> MetricIndex::names() const {
  const std::shared_lock lock(mutex_);
  std::vector<std::string> names;
  if (content_)
    for (const MetricSeries& series : content_->series) names.push_back(series.name);
  return names;
}

const MetricSeries* MetricIndex::find(std::string_view name) const {
  if (!content_) return nullptr;
  const auto place = content_->places.find(name);
  return place == content_->places.end() ? nullptr : &content_->series[place->second];
}

MetricSummary MetricIndex::whole(std::string_view name, bool* runtime) const {
  const std::shared_lock lock(mutex_);
  const MetricSeries* series = find(name);
  if (series == nullptr) return {};
  if (runtime != nullptr) *runtime = series->runtime;
  return series->all();
}

Result<void> MetricIndex::visit(std::string_view name, std::int64_t first, std::int64_t last,
                                Sink& sink) const {
  const std::shared_lock lock(mutex_);
  const MetricSeries* series = find(name);
  if (series == nullptr) return {};
  std::array<StepValue, kBlockPoints> block;
  const auto add = [&](std::span<const StepValue> points) {
    for (const StepValue& point : points)
      if (point.step >= first && point.step <= last) sink.add(point);
  };
  const auto descend = [&](const auto& self, std::size_t level, std::size_t i) -> Result<void> {
    const MetricSummary& summary = series->levels[level][i];
    if (summary.step_max < first || summary.step_min > last) return {};
    if (summary.step_min >= first && summary.step_max <= last && sink.take(summary)) return {};
    if (level > 0) {
      CAIRN_TRY(self(self, level - 1, 2 * i));
      return self(self, level - 1, 2 * i + 1);
    }
    CAIRN_TRY(content_->store->read(series->blocks[i], block));
    add(block);
    return {};
  };
  for (std::size_t level = series->levels.size(); level-- > 0;) {
    const std::size_t covered =
        level + 1 < series->levels.size() ? series->levels[level + 1].size() * 2 : 0;
    for (std::size_t i = covered; i < series->levels[level].size(); ++i)
      CAIRN_TRY(descend(descend, level, i));
  }
  add(series->tail);
  return {};
}

void MetricIndex::measure() {
  std::size_t bytes = sizeof *this;
  if (content_) {
    bytes += sizeof *content_ + content_->store->memory();
    for (const MetricSeries& series : content_->series) {
      bytes += sizeof series + 2 * series.name.size() + 64;
      bytes += series.blocks.capacity() * sizeof(BlockPlace);
      bytes += series.tail.capacity() * sizeof(StepValue);
      for (const auto& level : series.levels) bytes += level.capacity() * sizeof(MetricSummary);
    }
  }
  memory_ = bytes;
}

}  // namespace cairn
