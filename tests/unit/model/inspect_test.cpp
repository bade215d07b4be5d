#include "plugins/model_cli/inspect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plugins/lib/model/convert.h"
#include "plugins/lib/model/safetensors.h"
#include "tests/unit/model/fixtures.h"
#include "tests/unit/model/gguf_builder.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

json::object inspected(const fs::path& path) {
  auto answer = inspect_model(path);
  EXPECT_TRUE(answer.ok()) << answer.error().to_string();
  return answer.ok() ? *answer : json::object{};
}

TEST(Inspect, AFolderTellsConfigurationAndTensors) {
  const fs::path folder = fixtures() / "qwen3-dense" / "bf16";
  const json::object answer = inspected(folder);
  EXPECT_EQ(answer.at("format"), "safetensors");
  EXPECT_EQ(answer.at("config").at("model_type"), "qwen3");
  const Weights weights = Weights::open(folder).value();
  EXPECT_EQ(answer.at("tensors").as_object().size(), weights.tensors().size());
  std::int64_t parameters = 0;
  for (const TensorView* tensor : weights.tensors()) {
    parameters += tensor->elements();
    const json::value& entry = answer.at("tensors").at(tensor->name);
    EXPECT_EQ(entry.at("dtype"), to_string(tensor->dtype));
    EXPECT_EQ(ids_of(entry.at("shape")), tensor->shape);
    EXPECT_EQ(entry.at("file"), "model.safetensors");
  }
  EXPECT_EQ(answer.at("parameters"), parameters);
  EXPECT_EQ(answer.at("bytes"), 2 * parameters);
}

TEST(Inspect, AFileAloneTellsItsTensorsAndMetadata) {
  const Weights weights = Weights::open(fixtures() / "qwen3-dense" / "checkpoint").value();
  const json::object answer = inspected(fs::path(weights.tensors().front()->file));
  EXPECT_EQ(answer.at("metadata").at("format"), "pt");
  EXPECT_FALSE(answer.contains("config"));
  EXPECT_GT(answer.at("parameters").to_number<std::int64_t>(), 0);
}

TEST(Inspect, AGgufFileIsToldByWhatItHolds) {
  const TempFolder temp;
  const fs::path path = temp.path() / "model.bin";
  const SmallLlama model;
  ASSERT_TRUE(real_file_system().write_atomic(path, small_llama(model).bytes()).ok());
  const json::object answer = inspected(path);
  EXPECT_EQ(answer.at("format"), "gguf");
  EXPECT_EQ(answer.at("config").at("num_hidden_layers"), model.layers);
  EXPECT_EQ(answer.at("metadata").at("general.architecture"), "llama");
  EXPECT_EQ(answer.at("metadata").at("tokenizer.ggml.tokens").at("array_of"), model.vocab);
  EXPECT_EQ(answer.at("tensors").at("blk.0.ffn_down.weight").at("dtype"), "F32");
}

// What cannot be imported can be looked at.
TEST(Inspect, AGgufFileOfAnotherArchitectureSaysWhyItIsNotImported) {
  const TempFolder temp;
  const fs::path path = temp.path() / "model.gguf";
  const GgufBuilder file =
      small_llama({.leave_out = "general.architecture"},
                  [](GgufBuilder& more) { more.text("general.architecture", "gemma2"); });
  ASSERT_TRUE(real_file_system().write_atomic(path, file.bytes()).ok());
  const json::object answer = inspected(path);
  EXPECT_FALSE(answer.contains("config"));
  EXPECT_THAT(std::string(answer.at("cannot_import").as_string()), HasSubstr("gemma2"));
}

TEST(Inspect, WhatIsNoModelIsNamed) {
  const TempFolder temp;
  EXPECT_EQ(inspect_model(temp.path() / "none").error().code, ErrorCode::kNotFound);
  EXPECT_THAT(inspect_model(temp.path()).error().message, HasSubstr("config.json"));
  const fs::path text = temp.path() / "text";
  ASSERT_TRUE(real_file_system().write_atomic(text, "no model").ok());
  EXPECT_THAT(inspect_model(text).error().message, HasSubstr(text.string()));
}

}  // namespace
}  // namespace cairn::model
