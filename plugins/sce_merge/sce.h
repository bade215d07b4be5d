// SCE merging of one tensor: Select, Calculate, Erase (RECIPE §5; FuseChat, arXiv 2408.07990).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace cairn::sce {

// kCairn: the steps of RECIPE §5. kMergekit: uniform weights already below a sum of 1e-6 and a
// divisor of at least 1e-6, as mergekit 0.1.5. kFuseChat: Select shapes the weights only; Erase and
// merge take the whole difference. The last two take k from a float32 product.
enum class Variant { kCairn, kMergekit, kFuseChat };
[[nodiscard]] Result<Variant> parse_variant(const std::string& name);

struct Options {
  Variant variant = Variant::kCairn;
  double select_topk = 1.0;  // share of the elements with variance that Select keeps; 1: all
};

// How many of `nonzero` elements Select keeps.
[[nodiscard]] std::int64_t select_count(std::int64_t nonzero, const Options& options);

struct Stats {
  std::vector<double> weights;  // per expert, sum 1
  std::int64_t nonzero = 0;     // elements with a variance; only where Select ranked
  std::int64_t selected = 0;    // k
  double delta_squares = 0;     // sum over experts of the squared differences
  double dropped_squares = 0;   // the part of it that Select masked out of the merge
};

struct Merged {
  std::vector<float> values;
  Stats stats;
};

// experts: at least one, each as long as base. Differences are taken in float32, everything after
// in float64, rounded once. Ties of the variance go to the lowest index.
[[nodiscard]] Merged merge_tensor(std::span<const float> base,
                                  std::span<const std::span<const float>> experts,
                                  const Options& options);

}  // namespace cairn::sce
