// PointStore: blocks of points, written once and read at random. What is young lies in memory, the
// rest in a file, so that a series may be longer than memory.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "core/base/fd.h"
#include "core/base/result.h"
#include "core/server/reading/metric_summary.h"

namespace cairn {

// Points in a block.
inline constexpr std::size_t kBlockPoints = 256;

struct BlockPlace {
  std::uint64_t position = 0;
  std::uint64_t checksum = 0;
};

// One thread appends while no other reads.
class PointStore {
 public:
  // The file, when it is first needed: for reading and writing.
  using Open = std::function<Result<Fd>()>;

  // The first block goes to this position.
  PointStore(Open open, std::uint64_t begin) : open_(std::move(open)), flushed_(begin) {}
  // One whose blocks up to `end` are in the file.
  PointStore(Fd file, std::uint64_t end) : file_(std::move(file)), flushed_(end) {}

  // kBlockPoints points.
  [[nodiscard]] Result<BlockPlace> append(std::span<const StepValue> points);
  // kCorrupt: the file no longer holds what was written.
  [[nodiscard]] Result<void> read(const BlockPlace& place, std::span<StepValue> points) const;

  // Everything to the file. Blocks alone lie below end().
  [[nodiscard]] Result<void> flush();
  [[nodiscard]] bool in_file() const { return file_.get() >= 0; }
  [[nodiscard]] int fd() const { return file_.get(); }
  [[nodiscard]] std::uint64_t end() const { return flushed_ + young_.size(); }
  [[nodiscard]] std::size_t memory() const { return young_.capacity(); }

 private:
  Open open_;
  Fd file_;
  std::uint64_t flushed_;  // position of young_[0]
  std::string young_;
};

[[nodiscard]] Result<void> write_at(int fd, std::uint64_t offset, std::string_view bytes);

}  // namespace cairn
