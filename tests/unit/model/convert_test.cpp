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

// The dense fixture's checkpoint, changed before it is written again.
struct ChangedSource : testing::Test {
  ChangedSource() {
    fs::create_directory(source);
    const fs::path original = fixtures() / "qwen3-dense" / "checkpoint";
    fs::copy(original / "config.json", source);
    const Weights weights = Weights::open(original).value();
    for (const TensorView* tensor : weights.tensors()) {
      plan.push_back({tensor->name, Dtype::kF32, tensor->shape});
      values.push_back(to_f32(*tensor).value());
    }
  }

  // What the conversion says; empty where it succeeds.
  std::string convert(const ConvertOptions& options = {}) {
    auto writer = WeightsWriter::create(source, plan);
    for (std::size_t i = 0; i < plan.size(); ++i) {
      EXPECT_TRUE(writer->write_f32(plan[i].name, values[i]).ok());
    }
    EXPECT_TRUE(writer->finish().ok());
    fs::remove_all(temp.path() / "out");
    const auto done = convert_model(source, temp.path() / "out", options);
    EXPECT_EQ(done.ok(), fs::exists(temp.path() / "out"));
    return done.ok() ? std::string() : done.error().to_string();
  }

  TempFolder temp;
  fs::path source = temp.path() / "source";
  std::vector<TensorPlan> plan;
  std::vector<std::vector<float>> values;
};

TEST_F(ChangedSource, AValueThatTheDtypeCannotHoldIsNamed) {
  values[0][1] = -65519.0F;
  EXPECT_EQ(convert({.dtype = Dtype::kF16}), "");
  values[0][1] = -65520.0F;
  EXPECT_THAT(convert({.dtype = Dtype::kF16}),
              HasSubstr("tensor " + plan[0].name + " holds -65520"));
}

TEST_F(ChangedSource, AConfigThatContradictsATensorNamesBoth) {
  std::vector<std::int64_t>& shape = plan[0].shape;
  const std::int64_t rows = shape[0];
  shape[0] += 1;
  values[0].resize(values[0].size() / static_cast<std::size_t>(rows) *
                   static_cast<std::size_t>(shape[0]));
  const std::string said = convert();
  EXPECT_THAT(said,
              HasSubstr("tensor " + plan[0].name + " has the shape [" + std::to_string(shape[0])));
  EXPECT_THAT(said, HasSubstr("config.json says [" + std::to_string(rows)));
}

TEST_F(ChangedSource, MissingTensorsAndThoseOfAnotherModelAreNamed) {
  const TensorPlan last = plan.back();
  plan.pop_back();
  EXPECT_THAT(convert(), HasSubstr("missing in " + source.string() + ": " + last.name));
  plan.push_back(last);
  plan.push_back({"model.layers.99.extra", Dtype::kF32, {1}});
  values.push_back({1.0F});
  EXPECT_THAT(convert(), HasSubstr("does not have: model.layers.99.extra"));
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
