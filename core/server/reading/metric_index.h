// MetricIndex: the points of one metrics.jsonl, by series, with summaries of every power of two of
// blocks of 256 points: a range of any width is read at the cost of what is shown of it.
//
// A long one is kept beside its file as metrics.index (metric_index_file.h): what it counts up to
// which byte, with a version and checksums. One that is missing, cut, damaged, of another version
// or of another file is made again from metrics.jsonl, the only source. Where it cannot be written
// there, or another process writes it, it lies in a nameless file of the scratch folder.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/server/reading/indexes.h"
#include "core/server/reading/metric_summary.h"
#include "core/server/reading/open_file.h"
#include "core/server/reading/point_store.h"
#include "core/server/reading/work_budget.h"

namespace cairn {

struct MetricSeries {
  std::string name;
  bool runtime = false;  // as the last point says
  std::vector<BlockPlace> blocks;
  // levels[k][i]: of blocks i*2^k to (i+1)*2^k - 1, where all of them are there.
  std::vector<std::vector<MetricSummary>> levels;
  std::vector<StepValue> tail;  // behind the last block

  [[nodiscard]] MetricSummary all() const;
  // A block more, and the summaries that it completes.
  void add_block(const BlockPlace& place, const MetricSummary& summary);
};

// Thread-safe.
class MetricIndex final : public FileIndex {
 public:
  static constexpr const char* kKind = "metrics ";
  static constexpr std::size_t kMostSeries = 10'000;

  // folder: of the attempt, opened for it when there is much to keep. scratch: see Indexes.
  MetricIndex(TaskFolder task, int attempt, fs::path scratch);
  ~MetricIndex() override;

  // Reads on in the file, until the budget is spent. Whether all whole lines are read.
  [[nodiscard]] Result<bool> extend(const OpenFile& file, const WorkBudget& budget);
  [[nodiscard]] std::uint64_t counted() const;
  // Points of series beyond kMostSeries.
  [[nodiscard]] std::uint64_t left_out() const;

  [[nodiscard]] std::vector<std::string> names() const;
  // Nothing of it where there is no such series. Count 0: none.
  [[nodiscard]] MetricSummary whole(std::string_view name, bool* runtime = nullptr) const;

  // Gives all points of first <= step <= last, in the order in which they were written: to
  // take(summary), which returns false when it wants them one by one, and to add(point).
  // kCorrupt: the kept file is damaged; forget() this and extend again.
  class Sink {
   public:
    virtual ~Sink() = default;
    virtual bool take(const MetricSummary& summary) = 0;
    virtual void add(const StepValue& point) = 0;
  };
  [[nodiscard]] Result<void> visit(std::string_view name, std::int64_t first, std::int64_t last,
                                   Sink& sink) const;
  // Begins again with an empty index, and without what was kept.
  void forget();

  [[nodiscard]] std::size_t memory() const override { return memory_.load(); }

 private:
  struct Content;
  [[nodiscard]] Result<bool> same_file(const OpenFile& file) const;
  [[nodiscard]] Result<void> begin(const OpenFile& file);
  [[nodiscard]] Result<bool> read_on(const OpenFile& file, const WorkBudget& budget);
  [[nodiscard]] Result<void> take_line(std::string_view line);
  [[nodiscard]] Result<void> add(std::size_t series, const StepValue& point);
  [[nodiscard]] std::size_t series_of(std::string_view name);
  [[nodiscard]] const MetricSeries* find(std::string_view name) const;
  void save();
  void measure();

  const TaskFolder task_;
  const int attempt_;
  const fs::path scratch_;
  mutable std::shared_mutex mutex_;
  std::unique_ptr<Content> content_;
  std::atomic<std::size_t> memory_{0};
};

}  // namespace cairn
