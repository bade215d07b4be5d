// What RL stages are tested with.
#pragma once

#include <gtest/gtest.h>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/self_test/policy.h"

namespace cairn::testing {

inline StageType rl_type(const std::string& name) {
  return stage_of(fs::path(CAIRN_BINARY_DIR) / "plugins" / (name + ".so"), name);
}

// FOLDER/policy and FOLDER/qa.jsonl. Without `answerable` no response can be right.
inline void write_tiny_policy(const fs::path& folder, bool answerable = true) {
  auto records = self_test::questions();
  if (!answerable)
    for (auto& record : records) record.answer = {"?"};
  const auto written = self_test::write_policy(folder / "policy", records);
  ASSERT_TRUE(written.ok()) << written.error().to_string();
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
