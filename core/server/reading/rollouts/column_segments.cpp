#include <algorithm>

#include "core/server/reading/rollouts/segments.h"

namespace cairn::reading {
namespace {

constexpr std::uint64_t kLongestCourse = std::uint64_t{1} << 20;

bool is_missing(const Error& error) {
  return error.code == ErrorCode::kNotFound;
}

}  // namespace

Result<std::optional<std::vector<ColumnSegments::Counted>>> ColumnSegments::read_course() const {
  auto file = ReadFile::open(work_ / kRolloutCourse);
  if (!file.ok() && is_missing(file.error())) return std::optional<std::vector<Counted>>();
  CAIRN_TRY(file);
  CAIRN_ASSIGN(const std::uint64_t size, (*file)->size());
  if (size > kLongestCourse) return corrupt((*file)->path().string() + " is larger than 1 MiB");
  CAIRN_ASSIGN(const std::string text, (*file)->read_at(0, size));
  CAIRN_ASSIGN(const json::object object, parse_json_object(text));
  CAIRN_ASSIGN(const json::array* list, get_array(object, "segments"));
  std::vector<Counted> course;
  for (const auto& entry : *list) {
    if (!entry.is_object()) return corrupt((*file)->path().string() + ": a segment is no object");
    CAIRN_ASSIGN(const std::string text_of_name, get_string(entry.as_object(), "segment"));
    CAIRN_ASSIGN(const std::uint64_t bytes, get_uint(entry.as_object(), "bytes"));
    const auto name = parse_segment(text_of_name);
    if (!name) return corrupt((*file)->path().string() + ": '" + text_of_name + "' is no segment");
    course.push_back({*name, bytes / sizeof(RolloutRow)});
  }
  if (!course.empty()) course.back().rows.reset();
  return std::optional(std::move(course));
}

// Keeps what is known of segments that are still there.
Result<void> ColumnSegments::open_segments(const std::vector<Counted>& course) {
  std::vector<Segment> found;
  for (const auto& [name, rows] : course) {
    const auto known = std::ranges::find(segments_, name, &Segment::name);
    if (known != segments_.end() && known->columns->is_at_path()) {
      found.push_back(std::move(*known));
      continue;
    }
    CAIRN_ASSIGN(auto bodies, ReadFile::open(segment_file(work_, "rollouts", name)));
    CAIRN_ASSIGN(auto tokens, ReadFile::open(segment_file(work_, "tokens", name)));
    CAIRN_ASSIGN(auto columns, ReadFile::open(segment_file(work_, "columns", name)));
    found.push_back(
        {name, std::move(bodies), std::move(columns), std::move(tokens), RowReader(*samples_)});
  }
  segments_ = std::move(found);
  return {};
}

Result<std::optional<Rollouts>> ColumnSegments::view() {
  CAIRN_ASSIGN(const auto course, read_course());
  if (!course) return std::optional<Rollouts>();
  // Written before the first course, and the same in every attempt.
  if (!samples_) {
    CAIRN_ASSIGN(samples_, read_samples(work_ / kRolloutSamples));
  }
  CAIRN_TRY(open_segments(*course));
  std::vector<std::string> notes;
  std::vector<RolloutPart> parts;
  std::vector<StepRows> steps;
  std::uint64_t first = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    Segment& segment = segments_[i];
    CAIRN_TRY(segment.reader.read(*segment.columns));
    CAIRN_ASSIGN(const std::uint64_t size, segment.columns->size());
    // The last row may be half written; what stands before it was written at once.
    const std::uint64_t expected =
        (*course)[i].rows.value_or(std::max<std::uint64_t>(size / sizeof(RolloutRow), 1) - 1);
    if (segment.reader.count() < expected)
      notes.push_back("Row " + std::to_string(segment.reader.count()) + " of " +
                      segment.name.text() + " is damaged: what follows it there is not shown");
    RolloutPart part;
    for (StepRows rows : segment.reader.steps()) {
      if (rows.first + rows.count > (*course)[i].rows.value_or(segment.reader.count())) break;
      part.count = rows.first + rows.count;
      rows.first += first;
      steps.push_back(rows);
    }
    if (part.count == 0) continue;
    part.columns = segment.columns;
    part.bodies = segment.bodies;
    part.tokens = segment.tokens;
    part.body_base = segment.reader.body_base();
    part.token_base = segment.reader.token_base();
    part.first = first;
    first += part.count;
    parts.push_back(std::move(part));
  }
  return std::optional<Rollouts>(std::make_shared<const RolloutView>(
      std::move(parts), std::move(steps), samples_, std::move(notes)));
}

}  // namespace cairn::reading
