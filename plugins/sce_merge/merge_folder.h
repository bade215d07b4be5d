// Merging whole model folders, tensor by tensor: memory is O(largest tensor x models).
#pragma once

#include <functional>
#include <optional>

#include "plugins/lib/model/safetensors.h"
#include "plugins/sce_merge/sce.h"

namespace cairn::sce {

struct MergeJob {
  fs::path base;                  // model folders
  std::vector<fs::path> experts;  // at least one
  fs::path out;                   // made; config and tokenizer come from the base
  Options options;
  std::optional<model::Dtype> dtype;  // of the merged weights; none: each tensor's in the base
};

struct MergeReport {
  std::size_t tensors = 0;
  double delta_norm = 0;
  double dropped_norm = 0;            // of what Select masked out
  std::vector<std::string> warnings;  // rows beyond the base that were dropped, and the like
};

// Called before each tensor; false stops with kCancelled.
using MergeProgress = std::function<bool(std::size_t done, std::size_t total)>;

// Tensors must agree in name and shape; embeddings and head may differ in rows: the rows that all
// have are merged, rows that an expert lacks stay the base's, rows beyond the base are dropped with
// a warning. Any other mismatch, and a value that is not finite, is an error naming the tensor.
[[nodiscard]] Result<MergeReport> merge_folders(const MergeJob& job, const MergeProgress& progress);

}  // namespace cairn::sce
