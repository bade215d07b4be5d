// A model folder of the fixtures, and requests that fit its vocabulary.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "plugins/lib/model/generate.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {

struct GenerationModel {
  explicit GenerationModel(const std::string& name = "qwen3-dense")
      : model(CausalLm::load(fixtures() / name / "checkpoint").value()) {
    model.require_grad(true);  // as trainers leave it
  }

  std::vector<std::int64_t> tokens(std::uint64_t key, std::int64_t count) const {
    RandomStream random(5, "prompt", {key});
    std::vector<std::int64_t> ids;
    const auto vocab = static_cast<std::uint64_t>(model.config().vocab_size);
    for (std::int64_t i = 0; i < count; ++i) {
      ids.push_back(static_cast<std::int64_t>(random.below(vocab)));
    }
    return ids;
  }

  Request request(std::uint64_t key, std::int64_t length, std::size_t samples = 1) const {
    Request made{tokens(key, length), {}, {}};
    for (std::size_t i = 0; i < samples; ++i) made.seeds.push_back(derive_seed(key, "s", {i}));
    made.sampling.temperature = 0.9;
    made.sampling.max_new_tokens = 12;
    return made;
  }

  std::int64_t block_bytes() const {
    const ModelConfig& c = model.config();
    return 2 * c.layers * c.kv_heads * c.head_dim * 32 * 4;
  }

  CausalLm model;
};

inline double apart(const std::vector<float>& a, const std::vector<float>& b) {
  EXPECT_EQ(a.size(), b.size());
  double most = 0;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    most = std::max(most, std::abs(static_cast<double>(a[i]) - static_cast<double>(b[i])));
  }
  return most;
}

}  // namespace cairn::model
