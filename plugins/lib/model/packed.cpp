#include "plugins/lib/model/packed.h"

#include <algorithm>
#include <cstddef>

namespace cairn::model {
namespace {

// Appends all tokens but the last `left_out` as one segment; returns its first row.
std::int64_t append_segment(PackedBatch& batch, const std::vector<std::int64_t>& tokens,
                            std::size_t left_out, int parent) {
  const std::int64_t begin = batch.rows();
  const std::size_t kept = tokens.size() - std::min(left_out, tokens.size());
  batch.tokens.insert(batch.tokens.end(), tokens.begin(),
                      tokens.begin() + static_cast<std::ptrdiff_t>(kept));
  if (kept > 0) batch.segments.push_back({begin, batch.rows(), parent});
  return begin;
}

}  // namespace

PackedBatch pack_groups(std::span<const TokenGroup> groups) {
  PackedBatch batch;
  for (const TokenGroup& group : groups) {
    const auto prompt = static_cast<int>(batch.segments.size());
    append_segment(batch, group.prompt, 0, -1);
    const std::int64_t prompt_last = batch.rows() - 1;
    for (const std::vector<std::int64_t>& response : group.responses) {
      const std::int64_t begin = append_segment(batch, response, 1, prompt);
      for (std::size_t i = 0; i < response.size(); ++i) {
        const std::int64_t row = i == 0 ? prompt_last : begin + static_cast<std::int64_t>(i) - 1;
        batch.predictions.push_back({row, response[i]});
      }
    }
  }
  return batch;
}

PackedBatch pack_sequences(std::span<const TokenSequence> sequences) {
  PackedBatch batch;
  for (const TokenSequence& sequence : sequences) {
    const std::int64_t begin = append_segment(batch, sequence.tokens, 1, -1);
    const auto length = static_cast<std::int64_t>(sequence.tokens.size());
    for (std::int64_t i = sequence.first_target; i < length; ++i) {
      batch.predictions.push_back({begin + i - 1, sequence.tokens[static_cast<std::size_t>(i)]});
    }
  }
  return batch;
}

}  // namespace cairn::model
