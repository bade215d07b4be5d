#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "plugins/lib/model/convert.h"
#include "plugins/lib/model/gguf_model.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/fixtures.h"
#include "tests/unit/model/gguf_builder.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

fs::path write_gguf(const TempFolder& temp, const GgufBuilder& file) {
  const fs::path path = temp.path() / "model.gguf";
  EXPECT_TRUE(real_file_system().write_atomic(path, file.bytes()).ok());
  return path;
}

std::string error_of(const GgufBuilder& file) {
  const TempFolder temp;
  const auto done = convert_model(write_gguf(temp, file), temp.path() / "out", {});
  EXPECT_FALSE(fs::exists(temp.path() / "out"));
  return done.ok() ? "it was converted" : done.error().to_string();
}

TEST(GgufImport, MakesAFolderOfTheSameModel) {
  const TempFolder temp;
  const SmallLlama model;
  const fs::path out = temp.path() / "out";
  ASSERT_TRUE(convert_model(write_gguf(temp, small_llama(model)), out, {}).ok());
  const ModelConfig config = read_config(out).value();
  EXPECT_EQ(config.architecture, Architecture::kLlama);
  EXPECT_EQ(config.layers, model.layers);
  EXPECT_EQ(config.head_dim, model.hidden / model.heads);
  EXPECT_EQ(config.kv_heads, model.kv_heads);
  EXPECT_EQ(config.vocab_size, model.vocab);
  EXPECT_EQ(config.rope_theta, 50000.0);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_TRUE(config.tied);
  EXPECT_EQ(config.bos_id, 1);
  EXPECT_EQ(config.eos_ids, std::vector<std::int64_t>{2});
  const Weights weights = Weights::open(out).value();
  EXPECT_EQ(weights.tensors().size(), 2 + 9 * model.layers);
  // The first tensor of the file, as it stands.
  const auto embedding = to_f32(*weights.find("model.embed_tokens.weight")).value();
  for (std::size_t i = 0; i < embedding.size(); ++i) {
    ASSERT_EQ(embedding[i], SmallLlama::value(1, i));
  }
}

// Row 2j of a head rotates with row 2j + 1 in GGUF; here with the row half a head further on.
TEST(GgufImport, RowsOfQAndKAreForRotateHalf) {
  const TempFolder temp;
  const SmallLlama model;
  const fs::path out = temp.path() / "out";
  ASSERT_TRUE(convert_model(write_gguf(temp, small_llama(model)), out, {}).ok());
  const Weights weights = Weights::open(out).value();
  const std::size_t width = model.hidden, head = model.hidden / model.heads;
  // The numbers of the tensors in small_llama().
  const std::pair<const char*, std::size_t> tensors[] = {{"q_proj", 3}, {"k_proj", 4}};
  for (const auto& [name, number] : tensors) {
    const TensorView* view =
        weights.find("model.layers.0.self_attn." + std::string(name) + ".weight");
    const std::vector<float> values = to_f32(*view).value();
    for (std::size_t row = 0; row < static_cast<std::size_t>(view->shape[0]); ++row) {
      const std::size_t first = row / head * head, half = (row - first) / (head / 2);
      const std::size_t stored = first + 2 * ((row - first) % (head / 2)) + half;
      for (std::size_t i = 0; i < width; ++i) {
        ASSERT_EQ(values[row * width + i], SmallLlama::value(number, stored * width + i))
            << name << " row " << row;
      }
    }
  }
  const auto v = to_f32(*weights.find("model.layers.0.self_attn.v_proj.weight")).value();
  EXPECT_EQ(v[width], SmallLlama::value(5, width)) << "v is not rotated";
}

TEST(GgufImport, AnOwnHeadIsKept) {
  const TempFolder temp;
  const fs::path out = temp.path() / "out";
  ASSERT_TRUE(convert_model(write_gguf(temp, small_llama({.tied = false})), out, {}).ok());
  EXPECT_FALSE(read_config(out).value().tied);
  EXPECT_NE(Weights::open(out).value().find("lm_head.weight"), nullptr);
}

TEST(GgufImport, TheTokenizerIsTheFiles) {
  const TempFolder temp;
  const fs::path out = temp.path() / "out";
  ASSERT_TRUE(convert_model(write_gguf(temp, small_llama()), out, {}).ok());
  const Tokenizer tokenizer = Tokenizer::load_without_chat(out).value();
  EXPECT_EQ(tokenizer.encode("the<|im_end|>"), (std::vector<TokenId>{261, 2}));
  EXPECT_EQ(tokenizer.encode("12").size(), 2U) << "every digit alone";
  EXPECT_EQ(tokenizer.encode("<tool>"), std::vector<TokenId>{3});
  EXPECT_TRUE(tokenizer.is_special(1));
  EXPECT_FALSE(tokenizer.is_special(3)) << "a user-defined token";
  const json::object config = parse_json_object(read_text(out / "tokenizer_config.json")).value();
  EXPECT_EQ(config.at("chat_template"), "{{ messages }}");
  EXPECT_EQ(config.at("eos_token"), "<|im_end|>");
  EXPECT_EQ(config.at("model_max_length"), 128);
  const json::object generation =
      parse_json_object(read_text(out / "generation_config.json")).value();
  EXPECT_EQ(generation.at("eos_token_id"), 2);
}

TEST(GgufImport, WhatCairnCannotComputeIsNamed) {
  const auto with = [](const std::function<void(GgufBuilder&)>& more) {
    return error_of(small_llama({}, more));
  };
  EXPECT_THAT(with([](auto& f) { f.text("llama.rope.scaling.type", "linear"); }),
              HasSubstr("llama.rope.scaling.type is \"linear\""));
  EXPECT_THAT(with([](auto& f) { f.u32("llama.expert_count", 8); }),
              HasSubstr("llama.expert_count is 8"));
  EXPECT_THAT(with([](auto& f) { f.f32("llama.logit_scale", 0.5F); }),
              HasSubstr("llama.logit_scale is 5E-1"));
  EXPECT_THAT(with([](auto& f) { f.u32("split.count", 3); }), HasSubstr("one of 3 parts"));
  EXPECT_THAT(with([](auto& f) { f.flag("tokenizer.ggml.add_bos_token", true); }),
              HasSubstr("tokenizer.ggml.add_bos_token is true"));
  EXPECT_THAT(with([](auto& f) { f.u32("llama.vocab_size", 261); }),
              HasSubstr("llama.vocab_size is 261, not 262"));
  EXPECT_THAT(with([](auto& f) { f.u32("llama.attention.value_length", 16); }),
              HasSubstr("llama.attention.value_length is 16, not 8"));
  EXPECT_THAT(with([](auto& f) {
                f.tensor("rope_freqs.weight", {4}, 0, f32_bytes({1, 1, 1, 1}));
              }),
              HasSubstr("rope_freqs.weight"));
  EXPECT_THAT(with([](auto& f) { f.u32("tokenizer.ggml.unknown_token_id", 900); }),
              HasSubstr("tokenizer.ggml.unknown_token_id is 900"));
}

TEST(GgufImport, AnotherArchitectureOrTokenizerIsNamed) {
  const auto replaced = [](const std::string& key, const std::string& value) {
    return error_of(
        small_llama({.leave_out = key}, [&](GgufBuilder& file) { file.text(key, value); }));
  };
  EXPECT_THAT(replaced("general.architecture", "gemma2"), HasSubstr("\"gemma2\""));
  EXPECT_THAT(replaced("tokenizer.ggml.model", "llama"), HasSubstr("\"llama\""));
  EXPECT_THAT(replaced("tokenizer.ggml.pre", "qwen2"), HasSubstr("\"qwen2\""));
}

TEST(GgufImport, WhatIsMissingIsNamed) {
  for (const char* name : {"general.architecture", "llama.block_count", "llama.embedding_length",
                           "tokenizer.ggml.pre", "token_embd.weight", "blk.1.ffn_up.weight"}) {
    EXPECT_THAT(error_of(small_llama({.leave_out = name})), HasSubstr(name));
  }
}

TEST(GgufImport, AMetadataThatContradictsATensorNamesBoth) {
  const std::string error =
      error_of(small_llama({.leave_out = "llama.feed_forward_length"},
                           [](GgufBuilder& file) { file.u32("llama.feed_forward_length", 63); }));
  EXPECT_THAT(error, HasSubstr("blk.0.ffn_gate.weight"));
  EXPECT_THAT(error, HasSubstr("[64,32]"));
  EXPECT_THAT(error, HasSubstr("[63,32]"));
}

}  // namespace
}  // namespace cairn::model
