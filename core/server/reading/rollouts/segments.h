// Rollouts in the work folder of a task: segments, one per attempt that had something to write.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/server/reading/rollouts/rollout_view.h"
#include "core/server/reading/rollouts/rollouts.h"
#include "core/server/reading/rollouts/row_reader.h"

namespace cairn::reading {

// "attempt-3" and "attempt-3.2", the segment of an attempt whose number came twice.
struct SegmentName {
  std::uint32_t attempt = 0;
  std::uint32_t again = 1;
  auto operator<=>(const SegmentName&) const = default;
  [[nodiscard]] std::string text() const;
};
[[nodiscard]] std::optional<SegmentName> parse_segment(std::string_view text);
// WORK/PART.segments/NAME
[[nodiscard]] fs::path segment_file(const fs::path& work, const char* part,
                                    const SegmentName& name);

// With columns: kRolloutCourse tells which segments count, and how much of each. Not thread-safe.
class ColumnSegments {
 public:
  explicit ColumnSegments(fs::path work) : work_(std::move(work)) {}
  // Nothing where the training has written no course: it has not begun, or is of an older build.
  [[nodiscard]] Result<std::optional<Rollouts>> view();

 private:
  struct Counted {
    SegmentName name;
    std::optional<std::uint64_t> rows;  // nothing: all, and it may grow
  };
  struct Segment {
    SegmentName name;
    std::shared_ptr<const ReadFile> bodies;
    std::shared_ptr<const ReadFile> columns;
    std::shared_ptr<const ReadFile> tokens;
    RowReader reader;
  };
  [[nodiscard]] Result<std::optional<std::vector<Counted>>> read_course() const;
  [[nodiscard]] Result<void> open_segments(const std::vector<Counted>& course);
  fs::path work_;
  std::shared_ptr<const SampleTable> samples_;
  std::vector<Segment> segments_;
};

// Without columns, as older builds wrote them. Of steps that a later segment repeats, its own
// count. Not thread-safe.
class BodySegments {
 public:
  explicit BodySegments(fs::path work) : work_(std::move(work)) {}
  [[nodiscard]] Result<Rollouts> view();

 private:
  struct Segment {
    SegmentName name;
    std::shared_ptr<const ReadFile> bodies;
    std::uint64_t indexed_bytes = 0;
    std::vector<RolloutRow> rows;
    std::vector<RolloutSample> samples;
  };
  [[nodiscard]] Result<void> find_segments();
  [[nodiscard]] Rollouts join() const;
  fs::path work_;
  std::vector<Segment> segments_;
};

}  // namespace cairn::reading
