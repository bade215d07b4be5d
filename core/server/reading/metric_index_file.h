// metrics.index, little endian:
//
//   header    "CAIRNMTX", version (u32), points in a block (u32), zeros up to 4,096 bytes
//   blocks    256 points each: step (i64), value (f64)
//   footer    counted bytes, points left out, the bytes before the counted end (u32 length, bytes),
//             series (u32), of each: name (u32 length, bytes), runtime (u8), blocks (u64), of each
//             position, checksum and summary (8 numbers of 8 bytes), points of the tail (u32), they
//   trailer   position and length of the footer, its CRC-32C (u64 each), "CAIRNEND"
//
// Blocks that are added later overwrite the footer; without a trailer the file is none.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/server/reading/metric_index.h"

namespace cairn {

inline constexpr const char* kMetricIndexName = "metrics.index";
inline constexpr std::uint64_t kMetricIndexBegin = 4096;  // of the blocks

struct KeptMetrics {
  std::uint64_t counted = 0;
  std::uint64_t left_out = 0;
  std::string guard;  // the bytes before `counted`
  std::vector<MetricSeries> series;
};

// The file beside metrics.jsonl, for this process alone, 0600; made when it is not there. No link
// is followed. kConflict: another process has it. Other errors: it cannot be had.
[[nodiscard]] Result<Fd> open_metric_index(const TaskFolder& task, int attempt);
// A file without a name in the folder.
[[nodiscard]] Result<Fd> open_nameless(const fs::path& folder);

// Empties the file and writes a header.
[[nodiscard]] Result<void> begin_metric_index(int fd);
// blocks_end: behind the last block, where the footer goes.
[[nodiscard]] Result<void> write_footer(int fd, std::uint64_t blocks_end, const KeptMetrics& kept);

struct LoadedMetrics {
  KeptMetrics kept;
  std::uint64_t blocks_end = 0;
};
// Nothing where the file is none, cut or damaged. Allocates no more than its bytes allow.
[[nodiscard]] Result<std::optional<LoadedMetrics>> load_metric_index(int fd);

}  // namespace cairn
