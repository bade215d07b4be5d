// A policy whose answers are known: weights set by hand, nothing learned.
//
// It always says "The answer is seven" or "The answer is eight". The word " right" anywhere in its
// prompt makes it say seven, " half" makes both equally likely, without either it says eight, and
// so it does when " noise" is there too.
#pragma once

#include <string>

#include "core/base/files.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::testing {

inline void write_tokenizer(const fs::path& folder) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += "The answer is seven eight right half noise\n";
  FileSystem& files = real_file_system();
  fs::create_directories(folder);
  const std::string trained = model::train_tokenizer({text}, 400).value();
  (void)files.write_atomic(folder / "tokenizer.json", trained).ok();
  (void)files.write_atomic(folder / "tokenizer_config.json", model::tokenizer_config_json(4096))
      .ok();
}

// seven_always: says seven whatever the prompt.
inline void write_reader(const fs::path& folder, bool seven_always = false) {
  const fs::path words_folder = folder.string() + ".tokenizer";
  write_tokenizer(words_folder);
  const auto words = model::Tokenizer::load(words_folder).value();
  const auto id = [&](const char* word) { return words.find(word).value(); };
  const std::int64_t vocab = words.vocab_size();
  const std::int64_t width = vocab + 2 + vocab % 2;
  const std::int64_t seen = vocab, disturbed = vocab + 1;  // what attention found, one axis each

  model::ModelConfig config;
  config.vocab_size = vocab;
  config.hidden_size = width;
  config.intermediate_size = 4;
  config.layers = config.heads = config.kv_heads = 1;
  config.head_dim = 16;
  config.tied = false;
  config.eos_ids = {id(model::kImEnd)};
  auto policy = model::CausalLm::init(config, 1).value();
  const auto set = [&](const std::string& name, const at::Tensor& values) {
    if (!policy.set_parameter(name, values).ok()) std::abort();
  };
  const std::string layer = "model.layers.0.";
  const float root = std::sqrt(static_cast<float>(width));

  at::Tensor embedding = at::zeros({vocab, width});
  for (std::int64_t i = 0; i < vocab; ++i) embedding[i][i] = 1;
  set("model.embed_tokens.weight", embedding);

  // Keys stand out at the three words, along an axis that hardly rotates; every query looks there.
  at::Tensor query = at::zeros({16, width}), key = query.clone(), value = query.clone();
  query[7] = 1;
  for (const char* word : {"Ġright", "Ġhalf", "Ġnoise"}) key[7][id(word)] = 1;
  value[0][id("Ġright")] = 1 / root;
  value[0][id("Ġhalf")] = 0.25 / root;
  value[1][id("Ġnoise")] = 1 / root;
  at::Tensor out = at::zeros({width, 16});
  out[seen][0] = 1;
  out[disturbed][1] = 1;
  set(layer + "self_attn.q_proj.weight", query);
  set(layer + "self_attn.k_proj.weight", key);
  set(layer + "self_attn.v_proj.weight", value);
  set(layer + "self_attn.o_proj.weight", out);
  set(layer + "self_attn.q_norm.weight", at::full({16}, 5));
  set(layer + "mlp.down_proj.weight", at::zeros({width, 4}));

  at::Tensor head = at::zeros({vocab, width});
  head[id("The")][id("Ċ")] = 4;
  head[id("Ġanswer")][id("The")] = 4;
  head[id("Ġis")][id("Ġanswer")] = 4;
  head[id("Ġseven")][id("Ġis")] = seven_always ? 9 : 1;
  head[id("Ġseven")][seen] = 2;
  head[id("Ġseven")][disturbed] = -12;
  head[id("Ġeight")][id("Ġis")] = 1.5;
  for (const char* answer : {"Ġseven", "Ġeight"}) head[id(model::kImEnd)][id(answer)] = 4;
  set("lm_head.weight", head);
  if (!model::save_model(policy, folder, model::Dtype::kF32, words_folder).ok()) std::abort();
}

}  // namespace cairn::testing
