#include "core/server/reading/point_store.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "core/server/reading/open_file.h"

namespace cairn {
namespace {

constexpr std::size_t kYoung = std::size_t{1} << 20;  // bytes in memory
static_assert(sizeof(StepValue) == 16);

// Against broken disks and cut files, not against people.
std::uint64_t checksum_of(const char* bytes, std::size_t size) {
  constexpr std::uint64_t kPrime = 0x9e3779b97f4a7c15U;
  std::uint64_t sum = size;
  for (std::size_t i = 0; i < size; i += sizeof(std::uint64_t)) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes + i, sizeof word);
    sum = (sum ^ word) * kPrime;
    sum ^= sum >> 32U;
  }
  return sum;
}

}  // namespace

Result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return io_error("write", "an index of metrics", errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    offset += static_cast<std::uint64_t>(count);
  }
  return {};
}

Result<BlockPlace> PointStore::append(std::span<const StepValue> points) {
  const auto* bytes = reinterpret_cast<const char*>(points.data());
  const BlockPlace place{end(), checksum_of(bytes, points.size_bytes())};
  young_.append(bytes, points.size_bytes());
  if (young_.size() >= kYoung) CAIRN_TRY(flush());
  return place;
}

Result<void> PointStore::flush() {
  if (!in_file()) {
    CAIRN_ASSIGN(file_, open_());
  }
  CAIRN_TRY(write_at(file_.get(), flushed_, young_));
  flushed_ += young_.size();
  young_.clear();
  return {};
}

Result<void> PointStore::read(const BlockPlace& place, std::span<StepValue> points) const {
  auto* to = reinterpret_cast<char*>(points.data());
  const std::size_t size = points.size_bytes();
  if (place.position >= flushed_) {
    std::memcpy(to, young_.data() + (place.position - flushed_), size);
    return {};
  }
  CAIRN_ASSIGN(const std::size_t got, read_at(file_.get(), place.position, to, size));
  if (got == size && checksum_of(to, size) == place.checksum) return {};
  return corrupt("the index of metrics is damaged at byte " + std::to_string(place.position),
                 "it is made again from metrics.jsonl");
}

}  // namespace cairn
