// Weights in shards: what is written, and every way in which a folder of them can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "plugins/lib/model/safetensors.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

using testing::HasSubstr;

constexpr const char* kIndex = "model.safetensors.index.json";

std::vector<TensorPlan> plan_of_five() {
  return {{"a", Dtype::kF32, {4}},
          {"b", Dtype::kF32, {2, 3}},
          {"c", Dtype::kBf16, {3}},
          {"d", Dtype::kF32, {16}},
          {"e", Dtype::kF32, {}}};
}

std::vector<float> values_of(std::size_t tensor, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<float>(tensor * 20 + i);
  return values;
}

std::size_t count_of(const TensorPlan& tensor) {
  std::size_t count = 1;
  for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
  return count;
}

void write(const fs::path& folder, std::uint64_t shard_bytes, std::size_t first = 1) {
  const std::vector<TensorPlan> plan = plan_of_five();
  auto writer = WeightsWriter::create(folder, plan, shard_bytes);
  ASSERT_TRUE(writer.ok()) << writer.error().to_string();
  for (std::size_t i = 0; i < plan.size(); ++i) {
    ASSERT_TRUE(writer->write_f32(plan[i].name, values_of(first + i, count_of(plan[i]))).ok());
  }
  const auto done = writer->finish();
  ASSERT_TRUE(done.ok()) << done.error().to_string();
}

void expect_weights(const fs::path& folder, std::size_t first = 1) {
  const auto weights = Weights::open(folder);
  ASSERT_TRUE(weights.ok()) << weights.error().to_string();
  const std::vector<TensorPlan> plan = plan_of_five();
  EXPECT_EQ(weights->tensors().size(), plan.size());
  for (std::size_t i = 0; i < plan.size(); ++i) {
    const TensorView* view = weights->find(plan[i].name);
    ASSERT_NE(view, nullptr) << plan[i].name;
    EXPECT_EQ(view->shape, plan[i].shape);
    EXPECT_EQ(to_f32(*view).value(), values_of(first + i, count_of(plan[i])));
  }
}

std::vector<std::string> names_in(const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  return names;
}

std::string error_of(const fs::path& folder) {
  const auto weights = Weights::open(folder);
  return weights.ok() ? "it was opened" : weights.error().to_string();
}

TEST(Shards, OneFileNeedsNoIndex) {
  const TempFolder temp;
  write(temp.path(), 1000);
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"model.safetensors"});
  expect_weights(temp.path());
}

TEST(Shards, AreFilledToTheLimitAndNamedInTheIndex) {
  const TempFolder temp;
  write(temp.path(), 46);  // a and b and c: 16 + 24 + 6 bytes; d has more alone
  EXPECT_EQ(names_in(temp.path()),
            (std::vector<std::string>{"model-00001-of-00003.safetensors",
                                      "model-00002-of-00003.safetensors",
                                      "model-00003-of-00003.safetensors", kIndex}));
  expect_weights(temp.path());
  const json::object index = parse_json_object(read_text(temp.path() / kIndex)).value();
  EXPECT_EQ(index.at("metadata").at("total_size"), 16 + 24 + 6 + 64 + 4);
  EXPECT_EQ(index.at("weight_map").at("c"), "model-00001-of-00003.safetensors");
  EXPECT_EQ(index.at("weight_map").at("d"), "model-00002-of-00003.safetensors");
}

TEST(Shards, NewWeightsReplaceThoseOfAnotherLayout) {
  const TempFolder temp;
  write(temp.path(), 46);
  write(temp.path(), 1000, 2);
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"model.safetensors"});
  expect_weights(temp.path(), 2);
  write(temp.path(), 30, 3);
  expect_weights(temp.path(), 3);
  EXPECT_FALSE(fs::exists(temp.path() / "model.safetensors"));
}

// Until finish() nothing changes; what an earlier writer left behind is no hindrance.
TEST(Shards, WeightsThatAreNotFinishedLeaveTheOldOnes) {
  const TempFolder temp;
  write(temp.path(), 1000);
  std::ofstream(temp.path() / "model.safetensors.partial") << "of a writer that died";
  for (const std::uint64_t limit : {1000, 46}) {
    auto writer = WeightsWriter::create(temp.path(), plan_of_five(), limit);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->write_f32("a", values_of(7, 4)).ok());
    expect_weights(temp.path());
    EXPECT_THAT(writer->finish().error().message, HasSubstr("never written"));
    expect_weights(temp.path());
  }
  EXPECT_EQ(names_in(temp.path()), std::vector<std::string>{"model.safetensors"});
}

TEST(Shards, APlanThatCannotBeWrittenIsRefused) {
  const TempFolder temp;
  const auto error = [&](std::vector<TensorPlan> plan) {
    const auto writer = WeightsWriter::create(temp.path(), std::move(plan));
    return writer.ok() ? "accepted" : writer.error().message;
  };
  EXPECT_THAT(error({{"x", Dtype::kF32, {1}}, {"x", Dtype::kF32, {1}}}), HasSubstr("x is planned"));
  EXPECT_THAT(error({{"x", Dtype::kF32, {1LL << 40, 1LL << 40}}}), HasSubstr("tensor x"));
  EXPECT_THAT(error({{"x", Dtype::kF32, {-1}}}), HasSubstr("tensor x"));
}

class BrokenShards : public testing::Test {
 protected:
  void SetUp() override { write(folder(), 46); }
  const fs::path& folder() const { return temp_.path(); }
  static std::string shard(int number) {
    return "model-0000" + std::to_string(number) + "-of-00003.safetensors";
  }
  void set_index(const std::string& text) const {
    std::ofstream(folder() / kIndex, std::ios::trunc) << text;
  }
  TempFolder temp_;
};

TEST_F(BrokenShards, ATruncatedShardNamesFileAndTensor) {
  const fs::path file = folder() / shard(2);
  fs::resize_file(file, fs::file_size(file) - 1);
  EXPECT_THAT(error_of(folder()), HasSubstr(file.string()));
  EXPECT_THAT(error_of(folder()), HasSubstr("tensor \"d\" ends at byte 64 of 63"));
}

TEST_F(BrokenShards, AMissingShardIsNamed) {
  fs::remove(folder() / shard(3));
  EXPECT_EQ(Weights::open(folder()).error().code, ErrorCode::kNotFound);
  EXPECT_THAT(error_of(folder()), HasSubstr(shard(3)));
  EXPECT_THAT(error_of(folder()), HasSubstr(kIndex));
}

TEST_F(BrokenShards, ATensorThatItsShardLacksIsNamed) {
  set_index(R"({"weight_map": {"a": ")" + shard(1) + R"(", "z": ")" + shard(1) + R"("}})");
  EXPECT_THAT(error_of(folder()),
              HasSubstr("tensor z is not in " + (folder() / shard(1)).string()));
  set_index(R"({"weight_map": {"a": ")" + shard(2) + R"(", "b": ")" + shard(1) + R"("}})");
  EXPECT_THAT(error_of(folder()),
              HasSubstr("tensor a is not in " + (folder() / shard(2)).string()));
}

TEST_F(BrokenShards, ATensorInTwoShardsIsNamedWithBoth) {
  fs::copy_file(folder() / shard(1), folder() / shard(3), fs::copy_options::overwrite_existing);
  EXPECT_THAT(error_of(folder()), HasSubstr("tensor a is in two shards"));
  EXPECT_THAT(error_of(folder()), HasSubstr(shard(1)));
  EXPECT_THAT(error_of(folder()), HasSubstr(shard(3)));
}

TEST_F(BrokenShards, AnIndexThatIsNoIndexIsRefused) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "ends too early"},
      {R"({"weight_map": {"a": "x.safetensors"})", "ends too early"},
      {R"({"metadata": {}})", "weight_map is missing"},
      {R"({"weight_map": {"a": 3}})", "expected a string"},
      {R"({"weight_map": {"a": "x", "a": "y"}})", "\"a\" stands twice"},
      {R"({"weight_map": {"a": "../model.safetensors"}})", "no file name"},
      {R"({"weight_map": {"a": ""}})", "no file name"},
  };
  for (const auto& [text, says] : cases) {
    set_index(text);
    EXPECT_THAT(error_of(folder()), HasSubstr(says)) << text;
    EXPECT_THAT(error_of(folder()), HasSubstr(kIndex)) << text;
  }
}

TEST(Shards, AFolderWithoutWeightsSaysWhatItLacks) {
  const TempFolder temp;
  EXPECT_THAT(error_of(temp.path()), HasSubstr("neither model.safetensors nor"));
}

TEST(Shards, PickledWeightsAreNeverOpenedAndTheErrorSaysHowToConvertThem) {
  for (const char* name : {"pytorch_model.bin", "model.pt", "model.pth", "model.pkl", "a.ckpt"}) {
    const TempFolder temp;
    // Nobody may read it, and nobody tries to.
    std::ofstream(temp.path() / name) << "\x80\x02";
    fs::permissions(temp.path() / name, fs::perms::none);
    const auto opened = Weights::open(temp.path());
    ASSERT_FALSE(opened.ok());
    EXPECT_THAT(opened.error().hint, HasSubstr(name));
    EXPECT_THAT(opened.error().hint, HasSubstr("save_file"));
  }
}

TEST(Shards, AWrongDtypeNamesTensorAndFile) {
  const TempFolder temp;
  const fs::path path = temp.path() / "model.safetensors";
  auto writer = SafetensorsWriter::create(path, {{"q", Dtype::kI8, {2}}});
  ASSERT_TRUE(writer.ok());
  ASSERT_TRUE(writer->write_raw("q", std::as_bytes(std::span("ab", 2))).ok());
  ASSERT_TRUE(writer->finish().ok());
  const Weights weights = Weights::open(temp.path()).value();
  const auto values = to_f32(*weights.find("q"));
  ASSERT_FALSE(values.ok());
  EXPECT_THAT(values.error().message, HasSubstr("tensor q of " + path.string()));
  EXPECT_THAT(values.error().message, HasSubstr("I8"));
}

}  // namespace
}  // namespace cairn::model
