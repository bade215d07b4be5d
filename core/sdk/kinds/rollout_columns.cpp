#include "core/sdk/kinds/rollout_columns.h"

#include <algorithm>
#include <cstring>

#include "core/base/framed_log.h"
#include "core/sdk/kinds/byte_file.h"

namespace cairn {
namespace {

constexpr std::size_t kCovered = offsetof(RolloutRow, step);

std::uint32_t checksum_of(const RolloutRow& row) {
  return crc32c({reinterpret_cast<const char*>(&row) + kCovered, sizeof(row) - kCovered});
}

std::uint64_t size_of(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return error ? 0 : size;
}

Error bad_row(std::uint64_t row, const std::string& what) {
  return corrupt("row " + std::to_string(row) + " of " + kRolloutColumns + " " + what,
                 "remove the file: without it readers index " + std::string(kRolloutBodies));
}

}  // namespace

std::string encode_rollout_row(RolloutRow row) {
  row.checksum = checksum_of(row);
  return {reinterpret_cast<const char*>(&row), sizeof(row)};
}

bool is_whole(const RolloutRow& row) {
  return row.mark == RolloutRow::kMark && row.line_end == '\n' && row.checksum == checksum_of(row);
}

std::size_t whole_rows(std::span<const RolloutRow> rows) {
  const auto broken = std::ranges::find_if_not(rows, is_whole);
  return static_cast<std::size_t>(broken - rows.begin());
}

Result<RolloutSample> RolloutSample::from_json(const json::object& object) {
  RolloutSample sample;
  CAIRN_ASSIGN(sample.id, get_string(object, "id"));
  CAIRN_ASSIGN(sample.task, get_string(object, "task"));
  CAIRN_ASSIGN(sample.record, get_uint(object, "record"));
  CAIRN_ASSIGN(sample.prompt_tokens, get_uint(object, "prompt_tokens"));
  return sample;
}

json::object to_json(const RolloutSample& sample) {
  return {{"id", sample.id},
          {"task", sample.task},
          {"record", sample.record},
          {"prompt_tokens", sample.prompt_tokens}};
}

Result<void> check_rollout_columns(const fs::path& folder) {
  const std::uint64_t bodies = size_of(folder / kRolloutBodies);
  const std::uint64_t tokens = size_of(folder / kRolloutTokens);
  CAIRN_ASSIGN(auto file, ByteReader::open(folder / kRolloutColumns));
  std::string rest;
  std::uint64_t body_end = 0;
  for (std::uint64_t number = 0;;) {
    CAIRN_ASSIGN(const std::string bytes, file.read(std::size_t{1024} * sizeof(RolloutRow)));
    if (bytes.empty() && rest.empty()) {
      if (body_end != bodies) return bad_row(number, "is missing: there are more bodies than rows");
      return {};
    }
    if (bytes.empty()) return bad_row(number, "is cut short");
    rest += bytes;
    std::size_t at = 0;
    for (; rest.size() - at >= sizeof(RolloutRow); at += sizeof(RolloutRow), ++number) {
      RolloutRow row;
      std::memcpy(&row, rest.data() + at, sizeof(row));
      if (!is_whole(row)) return bad_row(number, "does not match its checksum");
      if (row.body_offset != body_end || bodies - body_end <= row.body_bytes)
        return bad_row(number, "does not point to the body of its number");
      body_end += row.body_bytes + std::uint64_t{1};
      if (row.token_offset > tokens || row.token_bytes > tokens - row.token_offset)
        return bad_row(number, std::string("points outside of ") + kRolloutTokens);
    }
    rest.erase(0, at);
  }
}

}  // namespace cairn
