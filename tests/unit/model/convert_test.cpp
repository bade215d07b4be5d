#include "plugins/lib/model/convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "plugins/lib/model/config.h"
#include "plugins/lib/model/float_formats.h"
#include "plugins/lib/model/fused_experts.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

std::string bytes_of(const TensorView& view) {
  return {reinterpret_cast<const char*>(view.data.data()), view.data.size()};
}

// The same names, shapes, dtypes and bytes.
void expect_equal(const Weights& ours, const Weights& theirs) {
  ASSERT_EQ(ours.tensors().size(), theirs.tensors().size());
  for (const TensorView* wanted : theirs.tensors()) {
    const TensorView* found = ours.find(wanted->name);
    ASSERT_NE(found, nullptr) << wanted->name;
    EXPECT_EQ(found->dtype, wanted->dtype) << wanted->name;
    EXPECT_EQ(found->shape, wanted->shape) << wanted->name;
    EXPECT_EQ(bytes_of(*found), bytes_of(*wanted)) << wanted->name;
  }
}

TEST(Convert, ShardsHoldWhatTheSourceHolds) {
  const fs::path source = fixtures() / "qwen3-dense" / "checkpoint";
  const TempFolder temp;
  const Weights theirs = Weights::open(source).value();
  std::uint64_t last = 0, all = 0;
  const ConvertOptions options{.shard_bytes = 20'000,
                               .progress = [&](std::uint64_t done, std::uint64_t total) {
                                 EXPECT_GE(done, last);
                                 last = done;
                                 all = total;
                               }};
  const auto done = convert_model(source, temp.path() / "out", options);
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  EXPECT_GT(last, 0U);
  EXPECT_EQ(last, all);
  expect_equal(Weights::open(temp.path() / "out").value(), theirs);
  EXPECT_EQ(config_to_json(read_config(temp.path() / "out").value(), "float32"),
            config_to_json(read_config(source).value(), "float32"));
}

// The fixture has the same model in both layouts.
TEST(Convert, FusedExpertsBecomeOneTensorEach) {
  const fs::path moe = fixtures() / "qwen3-moe";
  const TempFolder temp;
  const auto done = convert_model(moe / "fused", temp.path() / "out", {});
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  expect_equal(Weights::open(temp.path() / "out").value(),
               Weights::open(moe / "checkpoint").value());
}

TEST(Convert, AnotherDtypeIsTheNearestValue) {
  const fs::path dense = fixtures() / "qwen3-dense";
  const TempFolder temp;
  const auto done =
      convert_model(dense / "checkpoint", temp.path() / "out", {.dtype = Dtype::kBf16});
  ASSERT_TRUE(done.ok()) << done.error().to_string();
  expect_equal(Weights::open(temp.path() / "out").value(), Weights::open(dense / "bf16").value());
  const json::object config = parse_json_object(read_text(temp.path() / "out/config.json")).value();
  EXPECT_EQ(config.at("torch_dtype"), "bfloat16");
}

TEST(Convert, AValueThatTheDtypeCannotHoldIsNamed) {
  const TempFolder temp;
  const fs::path source = temp.path() / "source";
  fs::create_directory(source);
  fs::copy(fixtures() / "qwen3-dense" / "checkpoint" / "config.json", source);
  const auto convert_one = [&](float value) -> std::string {
    auto writer = WeightsWriter::create(source, {{"w", Dtype::kF32, {2}}});
    EXPECT_TRUE(writer->write_f32("w", std::vector<float>{1.0F, value}).ok());
    EXPECT_TRUE(writer->finish().ok());
    const fs::path out = temp.path() / "out";
    fs::remove_all(out);
    const auto done = convert_model(source, out, {.dtype = Dtype::kF16});
    return done.ok() ? "converted" : done.error().message;
  };
  EXPECT_EQ(convert_one(-65519.0F), "converted");
  EXPECT_THAT(convert_one(-65520.0F), HasSubstr("tensor w holds -65520"));
}

TEST(Convert, LeavesNothingBehindWhenItFails) {
  const TempFolder temp;
  const fs::path source = temp.path() / "source";
  fs::create_directory(source);
  fs::copy(fixtures() / "qwen3-moe" / "fused", source);
  const fs::path file = source / "model.safetensors";
  fs::resize_file(file, fs::file_size(file) - 3);
  EXPECT_FALSE(convert_model(source, temp.path() / "out", {}).ok());
  fs::remove(file);
  auto writer = SafetensorsWriter::create(
      file, {{"model.layers.0.mlp.experts.gate_up_proj", Dtype::kF32, {2, 3, 1}}});
  ASSERT_TRUE(
      writer->write_f32("model.layers.0.mlp.experts.gate_up_proj", std::vector<float>(6)).ok());
  ASSERT_TRUE(writer->finish().ok());
  const auto odd = convert_model(source, temp.path() / "out", {});
  ASSERT_FALSE(odd.ok());
  EXPECT_THAT(odd.error().message, HasSubstr("gate_up_proj"));
  EXPECT_EQ(std::distance(fs::directory_iterator(temp.path()), {}), 1);
}

TEST(Convert, WhatIsThereIsNotOverwritten) {
  const TempFolder temp;
  const fs::path source = fixtures() / "qwen3-dense" / "checkpoint", out = temp.path() / "out";
  fs::create_directory(out);
  EXPECT_TRUE(convert_model(source, out, {}).ok()) << "an empty folder may be there";
  const auto again = convert_model(source, out, {});
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, ErrorCode::kConflict);
  EXPECT_THAT(again.error().message, HasSubstr(out.string()));
  EXPECT_EQ(convert_model(temp.path() / "none", temp.path() / "x", {}).error().code,
            ErrorCode::kNotFound);
  EXPECT_THAT(convert_model(source, temp.path() / "x", {.dtype = Dtype::kI8}).error().message,
              HasSubstr("I8"));
}

}  // namespace
}  // namespace cairn::model
