// A training batch without padding: all sequences' tokens one after another, cut into segments.
//
// A segment attends to its own earlier tokens and, when it has a parent, to all of the parent's.
// Groups: the prompt is one segment, each response another with the prompt as parent, so the
// prompt is computed once, forward and backward, for all of its responses.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace cairn::model {

struct Segment {
  std::int64_t begin = 0;  // rows of the batch
  std::int64_t end = 0;
  int parent = -1;  // an earlier segment without parent of its own, or -1
};

// The token at `row` predicts `target`; scores come in this order.
struct Prediction {
  std::int64_t row = 0;
  std::int64_t target = 0;
};

struct PackedBatch {
  std::vector<std::int64_t> tokens;
  std::vector<Segment> segments;
  std::vector<Prediction> predictions;

  [[nodiscard]] std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }
};

struct TokenGroup {
  std::vector<std::int64_t> prompt;  // at least one token
  std::vector<std::vector<std::int64_t>> responses;
};

// Predictions: every response token, group by group, response by response. A response's last token
// predicts nothing and takes no row.
[[nodiscard]] PackedBatch pack_groups(std::span<const TokenGroup> groups);

// Predictions: tokens[first_target..] of each sequence; first_target is at least 1.
struct TokenSequence {
  std::vector<std::int64_t> tokens;
  std::int64_t first_target = 1;
};
[[nodiscard]] PackedBatch pack_sequences(std::span<const TokenSequence> sequences);

}  // namespace cairn::model
