#include <algorithm>
#include <limits>
#include <map>

#include "core/base/folder_entries.h"
#include "core/server/reading/rollouts/body_index.h"
#include "core/server/reading/rollouts/segments.h"

namespace cairn::reading {

// Keeps what is known of segments that are still there.
Result<void> BodySegments::find_segments() {
  CAIRN_ASSIGN(const auto entries, entries_of(work_ / "rollouts.segments"));
  std::vector<SegmentName> names;
  for (const auto& entry : entries)
    if (const auto name = parse_segment(entry.filename().native())) names.push_back(*name);
  std::ranges::sort(names);
  std::vector<Segment> found;
  for (const auto& name : names) {
    const auto known = std::ranges::find(segments_, name, &Segment::name);
    if (known != segments_.end() && known->bodies->is_at_path()) {
      found.push_back(std::move(*known));
      continue;
    }
    Segment segment;
    segment.name = name;
    CAIRN_ASSIGN(segment.bodies, ReadFile::open(segment_file(work_, "rollouts", name)));
    found.push_back(std::move(segment));
  }
  segments_ = std::move(found);
  return {};
}

Result<Rollouts> BodySegments::view() {
  CAIRN_TRY(find_segments());
  for (auto& segment : segments_) {
    CAIRN_ASSIGN(const std::uint64_t size, segment.bodies->size());
    if (size == segment.indexed_bytes) continue;
    CAIRN_ASSIGN(auto index, index_bodies(*segment.bodies, true));
    segment.rows = std::move(index.rows);
    segment.samples = std::move(index.samples);
    segment.indexed_bytes = size;
  }
  return join();
}

Rollouts BodySegments::join() const {
  std::map<std::string, RolloutSample> by_id;
  for (const auto& segment : segments_)
    for (const auto& sample : segment.samples) by_id.try_emplace(sample.id, sample);
  std::vector<RolloutSample> all;
  for (auto& [id, sample] : by_id) all.push_back(std::move(sample));
  const auto samples = std::make_shared<const SampleTable>(std::move(all), false);

  // From the last segment back: its first step ends what earlier ones count for.
  std::int64_t end = std::numeric_limits<std::int64_t>::max();
  std::vector<RolloutPart> parts;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    std::vector<RolloutRow> rows;
    for (RolloutRow row : segment->rows) {
      if (row.step >= end) break;  // they are in the order of steps
      const RolloutSample& sample = segment->samples[row.sample];
      row.sample = samples->find_sample(sample.id).value_or(0);
      row.task = samples->find_task(samples->samples()[row.sample].task).value_or(0);
      rows.push_back(row);
    }
    if (rows.empty()) continue;
    end = rows.front().step;
    RolloutPart part;
    part.bodies = segment->bodies;
    part.count = rows.size();
    part.rows = std::make_shared<const std::vector<RolloutRow>>(std::move(rows));
    parts.push_back(std::move(part));
  }
  std::ranges::reverse(parts);
  std::vector<StepRows> steps;
  std::uint64_t number = 0;
  for (auto& part : parts) {
    part.first = number;
    // In the order of steps, as they were indexed: nothing goes back.
    for (const auto& row : *part.rows) (void)add_row(row, number++, steps).ok();
  }
  return std::make_shared<const RolloutView>(std::move(parts), std::move(steps), samples,
                                             std::vector<std::string>());
}

}  // namespace cairn::reading
