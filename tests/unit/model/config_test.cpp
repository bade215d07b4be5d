#include "plugins/lib/model/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

// A small configuration of the type, changed by `changes`: null removes a key.
json::object config_json(const std::string& type, const std::string& changes = "{}") {
  json::object object = parse_json_object(R"({"vocab_size": 320, "hidden_size": 40,
      "intermediate_size": 72, "num_hidden_layers": 3, "num_attention_heads": 4,
      "num_key_value_heads": 2})")
                            .value();
  object["model_type"] = type;
  const json::object changed = parse_json_object(changes).value();
  for (const auto& [key, value] : changed) {
    if (value.is_null()) {
      object.erase(key);
    } else {
      object[key] = value;
    }
  }
  return object;
}

ModelConfig read(const std::string& type, const std::string& changes = "{}") {
  auto config = config_from_json(config_json(type, changes));
  EXPECT_TRUE(config.ok()) << config.error().to_string();
  return config.ok() ? *config : ModelConfig{};
}

std::string error_of(const std::string& type, const std::string& changes) {
  const auto config = config_from_json(config_json(type, changes));
  return config.ok() ? "it was accepted" : config.error().message;
}

TEST(Config, WhatIsWrittenIsReadAgain) {
  const fs::path folder = fixtures();
  int seen = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().filename() != "config.json") continue;
    SCOPED_TRACE(entry.path().string());
    ++seen;
    const auto config = read_config(entry.path().parent_path());
    ASSERT_TRUE(config.ok()) << config.error().to_string();
    const json::object written = config_to_json(*config, "bfloat16");
    EXPECT_EQ(written.at("torch_dtype"), "bfloat16");
    const auto again = config_from_json(written);
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_EQ(config_to_json(*again, "bfloat16"), written);
    const json::object original = parse_json_object(read_text(entry.path())).value();
    for (const auto& [key, value] : written) {
      if (original.contains(key) && key != "torch_dtype" && key != "max_window_layers") {
        EXPECT_EQ(value, original.at(key)) << std::string_view(key);
      }
    }
  }
  EXPECT_GT(seen, 0);
}

// The fused checkpoint is the same model as transformers 5 spells it.
TEST(Config, BothSpellingsMeanTheSame) {
  const auto classic = read_config(fixtures() / "qwen3-moe" / "checkpoint");
  const auto modern = read_config(fixtures() / "qwen3-moe" / "fused");
  ASSERT_TRUE(classic.ok() && modern.ok());
  EXPECT_EQ(config_to_json(*classic, "float32"), config_to_json(*modern, "float32"));
}

TEST(Config, WhatIsAbsentIsAsTransformersHasIt) {
  EXPECT_EQ(read("qwen3").head_dim, 128);
  EXPECT_EQ(read("qwen3_moe", R"({"num_experts": 4, "num_experts_per_tok": 2})").head_dim, 10);
  EXPECT_EQ(read("llama").head_dim, 10);
  EXPECT_EQ(read("llama", R"({"num_key_value_heads": null})").kv_heads, 4);
  EXPECT_EQ(read("qwen3", R"({"num_attention_heads": 64, "num_key_value_heads": null})").kv_heads,
            32);
  EXPECT_EQ(read("llama").max_positions, 2048);
  EXPECT_EQ(read("llama").eos_ids, std::vector<std::int64_t>{2});
  EXPECT_EQ(read("llama").bos_id, 1);
  EXPECT_EQ(read("qwen3").bos_id, -1);
  EXPECT_TRUE(read("qwen3").eos_ids.empty());
  EXPECT_FALSE(read("llama").tied);
  EXPECT_EQ(read("llama").rope_theta, 10000.0);
  EXPECT_THAT(error_of("llama", R"({"hidden_size": 42})"),
              HasSubstr("hidden_size (42) is no multiple of num_attention_heads (4)"));
  EXPECT_FALSE(read("llama").norms_heads());
  EXPECT_TRUE(read("qwen3").norms_heads());
}

TEST(Config, YarnIsReadInBothSpellings) {
  const char* classic = R"({"rope_theta": 5e5, "max_position_embeddings": 131072, "rope_scaling":
      {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}})";
  const char* modern = R"({"max_position_embeddings": 131072, "rope_parameters":
      {"rope_type": "yarn", "rope_theta": 5e5, "factor": 4.0,
       "original_max_position_embeddings": 32768}})";
  for (const char* text : {classic, modern}) {
    const ModelConfig config = read("qwen3", text);
    ASSERT_TRUE(config.yarn);
    EXPECT_EQ(config.rope_theta, 5e5);
    EXPECT_EQ(config.yarn->factor, 4.0);
    EXPECT_EQ(config.yarn->original_positions, 32768);
    EXPECT_EQ(config.yarn->beta_fast, 32.0);
    EXPECT_EQ(config.yarn->beta_slow, 1.0);
    EXPECT_FALSE(config.yarn->attention_factor);
    const auto again = config_from_json(config_to_json(config, "float32"));
    ASSERT_TRUE(again.ok()) << again.error().to_string();
    EXPECT_EQ(again->yarn->factor, 4.0);
    EXPECT_EQ(again->yarn->original_positions, 32768);
  }
  EXPECT_EQ(read("qwen3", R"({"max_position_embeddings": 4096,
                              "rope_scaling": {"rope_type": "yarn", "factor": 2}})")
                .yarn->original_positions,
            4096);
}

TEST(Config, WhatCairnCannotComputeIsNamedWithItsValue) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"attention_bias": true})", "attention_bias to true"},
      {R"({"use_sliding_window": true})", "use_sliding_window to true"},
      {R"({"hidden_act": "gelu"})", "hidden_act to \"gelu\""},
      {R"({"attention_dropout": 0.5})", "attention_dropout to 5E-1"},
      {R"({"quantization_config": {"bits": 4}})", "quantization_config to {\"bits\":4}"},
      {R"({"layer_types": ["full_attention", "sliding_attention"]})", "\"sliding_attention\""},
      {R"({"rope_scaling": {"rope_type": "linear", "factor": 2}})", "rope_type to \"linear\""},
      {R"({"rope_scaling": {"type": "dynamic", "factor": 2}})", "type to \"dynamic\""},
      {R"({"rope_scaling": {"factor": 2}})", "rope_scaling to {\"factor\":2}"},
      {R"({"rope_parameters": {"rope_type": "llama3"}})", "rope_type to \"llama3\""},
      {R"({"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}})",
       "partial_rotary_factor"},
      {R"({"rope_scaling": {"rope_type": "yarn", "factor": 2, "mscale": 1}})", "mscale to 1"},
      {R"({"rope_scaling": {"rope_type": "yarn", "factor": 2, "truncate": false}})",
       "truncate to false"},
      {R"({"rope_scaling": {"type": "yarn", "factor": 2}, "rope_parameters": {"rope_theta": 9}})",
       "and rope_parameters to"},
  };
  for (const auto& [changes, says] : cases) {
    EXPECT_THAT(error_of("qwen3", changes), HasSubstr(says)) << changes;
  }
  EXPECT_THAT(error_of("mistral", "{}"), HasSubstr("model_type to \"mistral\""));
  EXPECT_THAT(error_of("llama", R"({"mlp_bias": true})"), HasSubstr("mlp_bias to true"));
  EXPECT_THAT(error_of("llama", R"({"pretraining_tp": 2})"), HasSubstr("pretraining_tp to 2"));
}

TEST(Config, ImpossibleValuesAreNamed) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"vocab_size": 0})", "vocab_size is 0"},
      {R"({"hidden_size": -40})", "hidden_size is -40"},
      {R"({"hidden_size": 9223372036854775807})", "hidden_size is 9223372036854775807"},
      {R"({"num_hidden_layers": 1000000000})", "num_hidden_layers is 1000000000"},
      {R"({"vocab_size": 18446744073709551615})", "vocab_size"},
      {R"({"vocab_size": 1e30})", "vocab_size"},
      {R"({"vocab_size": "320"})", "vocab_size"},
      {R"({"num_key_value_heads": 3})", "num_attention_heads (4) is no multiple"},
      {R"({"head_dim": 15})", "head_dim must be even"},
      {R"({"num_attention_heads": 16777216, "head_dim": 16777216})", "times head_dim"},
      {R"({"rms_norm_eps": 0})", "rms_norm_eps is 0"},
      {R"({"rope_theta": -1})", "rope_theta is -1"},
      {R"({"eos_token_id": [1, "x"]})", "eos_token_id"},
      {R"({"eos_token_id": -7})", "eos_token_id is -7"},
      {R"({"max_position_embeddings": 0})", "max_position_embeddings is 0"},
      {R"({"rope_scaling": {"type": "yarn", "factor": 0.5}})", "factor of yarn is 0.5"},
      {R"({"rope_scaling": {"type": "yarn", "factor": 2, "beta_fast": 0.5}})", "beta_slow (1)"},
      {R"({"rope_scaling": {"type": "yarn"}})", "factor"},
  };
  for (const auto& [changes, says] : cases) {
    EXPECT_THAT(error_of("qwen3", changes), HasSubstr(says)) << changes;
  }
  const std::pair<const char*, const char*> experts[] = {
      {R"({"num_experts": 4, "num_experts_per_tok": 5})", "num_experts_per_tok (5)"},
      {R"({"num_experts": 4, "num_local_experts": 8})", "num_local_experts is 8"},
      {R"({"num_experts": -4})", "num_experts is -4"},
      {R"({"num_experts": 4000, "num_experts_per_tok": 5, "num_hidden_layers": 9000})",
       "num_experts (4000) times num_hidden_layers (9000)"},
      {R"({"decoder_sparse_step": 0})", "decoder_sparse_step is 0"},
      {R"({"mlp_only_layers": [3]})", "num_hidden_layers is 3"},
      {R"({"moe_intermediate_size": 0})", "moe_intermediate_size is 0"},
  };
  for (const auto& [changes, says] : experts) {
    EXPECT_THAT(error_of("qwen3_moe", changes), HasSubstr(says)) << changes;
  }
}

TEST(Config, LayersWithExpertsFollowStepAndList) {
  const ModelConfig config = read("qwen3_moe", R"({"num_hidden_layers": 6, "num_experts": 4,
      "num_experts_per_tok": 2, "decoder_sparse_step": 2, "mlp_only_layers": [3]})");
  std::vector<bool> experts;
  for (std::int64_t i = 0; i < config.layers; ++i) experts.push_back(config.has_experts(i));
  EXPECT_EQ(experts, (std::vector<bool>{false, true, false, false, false, true}));
  EXPECT_FALSE(read("qwen3_moe", R"({"num_experts": 0})").experts) << "all layers are dense";
}

}  // namespace
}  // namespace cairn::model
