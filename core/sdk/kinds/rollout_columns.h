// Rollouts as rows of fixed size, to filter and sort by: the file rollouts.columns of a `rollouts`
// artifact, beside the bodies in rollouts.jsonl and the token data in tokens.bin.
//
// A row is 96 bytes, little endian, and stands alone: format mark, checksum, and a line end as its
// last byte. Rows are in the order of the bodies. While a training runs they are appended after
// what they point to, so any prefix of whole rows can be read at any moment; a last row that is cut
// short does not count. Offsets are those of the joined files, also while these lie in segments.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// Names of the files in the folder, and of the segments while it grows.
inline constexpr const char* kRolloutBodies = "rollouts.jsonl";
inline constexpr const char* kRolloutColumns = "rollouts.columns";
inline constexpr const char* kRolloutTokens = "tokens.bin";
inline constexpr const char* kRolloutSamples = "samples.jsonl";
inline constexpr const char* kRolloutSteps = "steps.jsonl";
// In the work folder of the task alone: {"segments":[{"segment","bytes"}]}, which segments count
// and how many bytes of their columns, in order; the last one grows, whatever is said of it.
inline constexpr const char* kRolloutCourse = "rollouts.json";

// As it lies on the disk.
struct RolloutRow {
  static constexpr std::uint32_t kMark = 0x31525243;  // "CRR1": the format and its version
  enum Flag : std::uint16_t {
    kDropped = 1,    // left out of the gradient by AEPO
    kTruncated = 2,  // a turn was cut at its output limit
    kTokens = 4,     // tokens.bin holds its token data
    // Of a row of an older build neither is set.
    kUnanswered = 8,  // its response has no answer that could be graded
    kAnswered = 16,
  };

  std::uint32_t mark = kMark;
  std::uint32_t checksum = 0;  // CRC-32C of the bytes after it
  std::int64_t step = 0;       // from 1
  std::uint32_t sample = 0;    // line of samples.jsonl, from 0
  std::uint32_t index = 0;     // within its group
  std::uint16_t task = 0;  // position among the distinct tasks of samples.jsonl, sorted by bytes
  std::uint16_t flags = 0;
  std::uint32_t turns = 1;
  std::uint32_t prompt_tokens = 0;  // of all turns
  std::uint32_t tokens = 0;         // of the responses of all turns
  double reward = 0;
  double advantage = 0;
  double entropy = 0;  // nats, mean over the tokens; NaN where there is none
  std::uint64_t body_offset = 0;
  std::uint64_t token_offset = 0;
  std::uint32_t body_bytes = 0;  // of the line, without its end
  std::uint32_t token_bytes = 0;
  char padding[7] = {};
  char line_end = '\n';

  [[nodiscard]] bool has(Flag flag) const { return (flags & flag) != 0; }
};
static_assert(sizeof(RolloutRow) == 96 && std::is_trivially_copyable_v<RolloutRow>);
static_assert(std::endian::native == std::endian::little, "rows are read and written as they lie");

// The row as bytes, its checksum set.
[[nodiscard]] std::string encode_rollout_row(RolloutRow row);
// Whether mark, checksum and line end are right.
[[nodiscard]] bool is_whole(const RolloutRow& row);
// How many rows, from the first on, are whole.
[[nodiscard]] std::size_t whole_rows(std::span<const RolloutRow> rows);

// One line of samples.jsonl: the samples that a training draws from, sorted by id.
struct RolloutSample {
  std::string id;
  std::string task;
  std::uint64_t record = 0;         // position in the `qa` dataset, from 0
  std::uint64_t prompt_tokens = 0;  // of the whole prompt, documents included

  [[nodiscard]] static Result<RolloutSample> from_json(const json::object& object);
};
[[nodiscard]] json::object to_json(const RolloutSample& sample);

// Of a folder of rollouts: whole rows that point into the files beside them. Errors name the row.
[[nodiscard]] Result<void> check_rollout_columns(const fs::path& folder);

}  // namespace cairn
