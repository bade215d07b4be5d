#include "core/server/reading/rollouts/segments.h"

#include <charconv>

namespace cairn::reading {

std::string SegmentName::text() const {
  return "attempt-" + std::to_string(attempt) + (again > 1 ? "." + std::to_string(again) : "");
}

std::optional<SegmentName> parse_segment(std::string_view text) {
  constexpr std::string_view kStart = "attempt-";
  if (!text.starts_with(kStart)) return std::nullopt;
  SegmentName name;
  const char* const end = text.data() + text.size();
  auto read = std::from_chars(text.data() + kStart.size(), end, name.attempt);
  if (read.ec == std::errc() && read.ptr != end && *read.ptr == '.')
    read = std::from_chars(read.ptr + 1, end, name.again);
  if (read.ec != std::errc() || read.ptr != end || name.text() != text) return std::nullopt;
  return name;
}

fs::path segment_file(const fs::path& work, const char* part, const SegmentName& name) {
  return work / (std::string(part) + ".segments") / name.text();
}

}  // namespace cairn::reading
