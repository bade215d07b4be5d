// A two-layer policy that knows how answers look, and a dozen questions: what RL stages are tested
// with.
#pragma once

#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/lib/text/records.h"

namespace cairn::testing {

inline StageType rl_type(const std::string& name) {
  return stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins" / (name + ".so"), name);
}

// Two tasks; without `answerable` no response can be right.
inline std::vector<text::QaRecord> questions(bool answerable) {
  std::vector<text::QaRecord> records;
  for (int i = 0; i < 12; ++i) {
    text::QaRecord record;
    record.id = "q" + std::to_string(10 + i);
    record.task = i % 2 == 0 ? "dialogue" : "reading";
    record.question = "Which colour has item " + std::to_string(i) + "?";
    record.answer = {answerable ? (i % 3 == 0 ? "red" : "green") : "?"};
    record.format_instruction = "Say it.";
    record.documents = {{"d", "items", "item " + std::to_string(i) + " red green blue", true}};
    records.push_back(record);
  }
  return records;
}

// Some supervised steps towards "The answer is" and any of four colours, whatever is asked: then
// sampled answers are graded, and differ.
inline void teach_format(model::CausalLm& policy, const model::Tokenizer& tokenizer,
                         const std::vector<text::QaRecord>& records) {
  std::vector<model::TokenGroup> groups;
  for (const auto& record : records) {
    auto& group = groups.emplace_back();
    group.prompt = tokenizer.encode_prompt(text::render_prompt(record)).value();
    for (const char* colour : {"red", "green", "blue", "grey"})
      group.responses.push_back(
          tokenizer.encode(std::string("The answer is ") + colour + model::kImEnd));
  }
  const auto batch = model::pack_groups(groups);
  model::AdamW optimizer({});
  for (int step = 0; step < 60; ++step) {
    policy.require_grad(true);
    policy.zero_grad();
    (-policy.score(batch).value().logprob.mean()).backward();
    optimizer.step(policy, 0.01);
  }
  policy.zero_grad();
  policy.require_grad(false);
}

// FOLDER/policy and FOLDER/qa.jsonl.
inline void write_tiny_policy(const fs::path& folder, bool answerable = true) {
  const auto records = questions(answerable);
  std::vector<std::string> texts = {"The answer is red", "The answer is green or blue"};
  for (const auto& record : records) texts.push_back(text::render_prompt(record));
  const auto tokenizer_json = model::train_tokenizer({texts.begin(), texts.end()}, 300).value();
  const fs::path words = folder / "tokenizer";
  ASSERT_TRUE(real_file_system().make_directories(words).ok());
  ASSERT_TRUE(real_file_system().write_atomic(words / "tokenizer.json", tokenizer_json).ok());
  ASSERT_TRUE(real_file_system()
                  .write_atomic(words / "tokenizer_config.json", model::tokenizer_config_json(512))
                  .ok());
  const auto tokenizer = model::Tokenizer::load(words).value();
  model::ModelConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 16;
  config.eos_ids = tokenizer.stop_ids();
  auto policy = model::CausalLm::init(config, 5).value();
  teach_format(policy, tokenizer, records);
  ASSERT_TRUE(model::save_model(policy, folder / "policy", model::Dtype::kF32, words).ok());
  ASSERT_TRUE(text::write_qa(folder / "qa.jsonl", records).ok());
}

// Small batches, four steps, a checkpoint after each.
inline void set_small(StageHarness& stage, const fs::path& folder) {
  stage.input("policy", folder / "policy").input("dataset", folder / "qa.jsonl");
  for (const auto& [name, value] : {std::pair{"steps", 4},
                                    {"batch", 4},
                                    {"group_size", 4},
                                    {"checkpoint_every", 1},
                                    {"max_input_tokens", 256},
                                    {"max_output_tokens", 12}}) {
    stage.param(name, value);
  }
  stage.param("learning_rate", 1e-3).param("temperature", 1.0).param("top_p", 1.0);
  stage.param("aepo", false).seed(11).resources({2, 0, 0});
}

inline bool same_weights(const fs::path& a, const fs::path& b) {
  const auto one = model::CausalLm::load(a).value();
  const auto two = model::CausalLm::load(b).value();
  for (const auto& [name, tensor] : one.parameters())
    if (!at::equal(tensor, two.parameters().at(name))) return false;
  return true;
}

inline std::vector<json::object> lines_of(const fs::path& file) {
  std::vector<json::object> lines;
  const auto read = text::read_json_lines(file, [&](const json::object& line) -> Result<void> {
    lines.push_back(line);
    return {};
  });
  EXPECT_TRUE(read.ok()) << (read.ok() ? "" : read.error().to_string());
  return lines;
}

}  // namespace cairn::testing
