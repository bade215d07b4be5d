// Golden vectors as tensors, and what was measured against them.
#pragma once

#include <torch/all.h>

#include <cstring>
#include <string>
#include <vector>

#include "plugins/lib/model/causal_lm.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {

inline at::Tensor tensor_of(const SafetensorsFile& file, const std::string& name) {
  const TensorView* view = file.find(name);
  if (view == nullptr) fail_unwrap(not_found("fixture tensor " + name));
  if (view->dtype == Dtype::kI64) {
    at::Tensor tensor = at::empty(view->shape, at::kLong);
    std::memcpy(tensor.data_ptr<std::int64_t>(), view->data.data(), view->data.size());
    return tensor;
  }
  at::Tensor tensor = at::empty(view->shape, at::kFloat);
  const auto size = static_cast<std::size_t>(tensor.numel());
  EXPECT_TRUE(to_f32(*view, {tensor.data_ptr<float>(), size}).ok());
  return tensor;
}

// A model that takes no time; with experts in all layers but one.
inline ModelConfig small(Architecture architecture) {
  ModelConfig config;
  config.architecture = architecture;
  config.vocab_size = 211;
  config.hidden_size = 48;
  config.intermediate_size = 80;
  config.layers = 3;
  config.heads = 4;
  config.kv_heads = 2;
  config.head_dim = 16;
  config.initializer_range = 0.2;
  if (architecture == Architecture::kQwen3Moe) {
    config.experts = ExpertsConfig{};
    config.experts->count = 6;
    config.experts->chosen = 2;
    config.experts->intermediate_size = 24;
    config.experts->normalise = true;
    config.experts->dense_layers = {1};
  }
  return config;
}

// The largest absolute difference.
inline double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  if (a.numel() == 0) return 0;
  return (a.detach().to(at::kDouble) - b.detach().to(at::kDouble)).abs().max().item<double>();
}

inline std::vector<TokenSequence> rows_of(const at::Tensor& ids) {
  std::vector<TokenSequence> rows;
  for (std::int64_t b = 0; b < ids.size(0); ++b) {
    const auto* row = ids.data_ptr<std::int64_t>() + b * ids.size(1);
    rows.push_back({{row, row + ids.size(1)}, 1});
  }
  return rows;
}

// All tokens of every row as a segment, the last one too; predictions of all but the last.
inline PackedBatch whole_rows(const std::vector<TokenSequence>& rows) {
  PackedBatch batch;
  for (const TokenSequence& row : rows) {
    const std::int64_t begin = batch.rows();
    batch.tokens.insert(batch.tokens.end(), row.tokens.begin(), row.tokens.end());
    batch.segments.push_back({begin, batch.rows(), -1});
    for (std::int64_t r = begin; r + 1 < batch.rows(); ++r) {
      batch.predictions.push_back({r, batch.tokens[static_cast<std::size_t>(r + 1)]});
    }
  }
  return batch;
}

}  // namespace cairn::model
