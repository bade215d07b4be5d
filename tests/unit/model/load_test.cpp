// What a model folder can get wrong, and batches that no model can read: errors that name it.
#include <functional>

#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/memory.h"
#include "plugins/lib/model/parameters.h"
#include "tests/unit/model/torch_fixtures.h"

namespace cairn::model {
namespace {

struct LoadTest : testing::Test {
  LoadTest() {
    config.vocab_size = 50;
    config.hidden_size = 16;
    config.intermediate_size = 24;
    config.layers = 2;
    config.heads = 2;
    config.kv_heads = 1;
    config.head_dim = 8;
    config.tied = true;
    plan = parameter_plan(config, Dtype::kF32);
  }

  // Writes the plan's tensors, all of ones, and the configuration; loads the folder.
  Result<CausalLm> load() const {
    const fs::path folder = temp.path();
    CAIRN_TRY(real_file_system().write_atomic(folder / "config.json",
                                              pretty_json(config_to_json(config, "float32"))));
    CAIRN_ASSIGN(SafetensorsWriter writer,
                 SafetensorsWriter::create(folder / "model.safetensors", plan));
    for (const TensorPlan& tensor : plan) {
      std::size_t count = 1;
      for (const std::int64_t size : tensor.shape) count *= static_cast<std::size_t>(size);
      if (tensor.dtype == Dtype::kF32) {
        CAIRN_TRY(writer.write_f32(tensor.name, std::vector<float>(count, 1.0F)));
      } else {
        const std::vector<std::byte> bytes(count * bits_of(tensor.dtype) / 8);
        CAIRN_TRY(writer.write_raw(tensor.name, bytes));
      }
    }
    CAIRN_TRY(writer.finish());
    return CausalLm::load(folder);
  }

  void expect_refused(const std::vector<std::string>& words) const {
    const auto loaded = load();
    ASSERT_FALSE(loaded.ok());
    const std::string text = loaded.error().to_string();
    for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
  }

  TempFolder temp;
  ModelConfig config;
  std::vector<TensorPlan> plan;
};

TEST_F(LoadTest, AWholeFolderIsLoaded) {
  const auto loaded = load();
  ASSERT_TRUE(loaded.ok()) << loaded.error().to_string();
  EXPECT_EQ(loaded->parameters().size(), plan.size());
}

TEST_F(LoadTest, AConfigThatContradictsATensorNamesBoth) {
  config.intermediate_size = 25;
  expect_refused({"model.layers.0.mlp.", "[16, 24]", "[16, 25]", "intermediate_size"});
}

TEST_F(LoadTest, MissingTensorsAreNamed) {
  std::erase_if(plan, [](const TensorPlan& tensor) {
    return tensor.name == "model.layers.1.self_attn.k_proj.weight";
  });
  expect_refused({"missing", "model.layers.1.self_attn.k_proj.weight"});
}

TEST_F(LoadTest, ManyMissingTensorsAreCounted) {
  config.layers = 5;
  expect_refused({"missing", "model.layers.2.input_layernorm.weight", "more", "num_hidden_layers"});
}

TEST_F(LoadTest, TensorsThatTheConfigDoesNotHaveAreNamed) {
  config.layers = 1;
  expect_refused({"model.layers.1.input_layernorm.weight", "num_hidden_layers is 1"});
}

TEST_F(LoadTest, AnExtraTensorIsNamed) {
  plan.push_back({"model.layers.0.self_attn.q_proj.bias", Dtype::kF32, {16}});
  expect_refused({"model.layers.0.self_attn.q_proj.bias"});
}

TEST_F(LoadTest, AWrongDtypeIsNamed) {
  plan.front().dtype = Dtype::kI8;
  expect_refused({plan.front().name, "I8"});
}

TEST_F(LoadTest, ATiedHeadMayLieInTheFileWhenItIsTheEmbedding) {
  plan.push_back({"lm_head.weight", Dtype::kF32, {50, 16}});
  EXPECT_TRUE(load().ok());
}

TEST_F(LoadTest, AModelIsSavedInShardsOfTheSizeAskedFor) {
  const fs::path folder = temp.path() / "saved";
  const CausalLm model = CausalLm::init(config, 1).value();
  constexpr std::uint64_t kShard = 4000;
  ASSERT_TRUE(save_model(model, folder, Dtype::kF32, fixtures() / "tokenizer", kShard).ok());
  EXPECT_TRUE(fs::exists(folder / "model.safetensors.index.json"));
  EXPECT_FALSE(fs::exists(folder / "model.safetensors"));
  const CausalLm read = CausalLm::load(folder).value();
  for (const auto& [name, tensor] : model.parameters()) {
    EXPECT_TRUE(at::equal(tensor, read.parameters().at(name))) << name;
  }
}

TEST_F(LoadTest, AModelTooLargeForTheMachineSaysWhatItTakes) {
  config.vocab_size = std::int64_t{1} << 24;
  config.hidden_size = std::int64_t{1} << 16;
  config.tied = false;
  const auto made = CausalLm::init(config, 1);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, ErrorCode::kResourceExhausted);
  EXPECT_NE(made.error().message.find("TiB"), std::string::npos) << made.error().to_string();
  EXPECT_FALSE(made.error().hint.empty());
}

TEST_F(LoadTest, AFailedAllocationIsAnErrorWithTheSizes) {
  const auto result =
      guarded("a test", std::int64_t{1} << 40, "ask for less", [&]() -> Result<void> {
        (void)at::empty({std::int64_t{1} << 46}, at::kFloat);
        return {};
      });
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, ErrorCode::kResourceExhausted) << result.error().to_string();
  EXPECT_NE(result.error().message.find("1.0 TiB"), std::string::npos);
}

TEST_F(LoadTest, ABatchThatNoMachineHoldsIsRefusedBeforeItIsComputed) {
  const CausalLm model = CausalLm::init(config, 1).value();
  ModelConfig deep = config;
  deep.layers = 1 << 20;
  const PackedBatch batch = pack_sequences(
      std::vector<TokenSequence>{{std::vector<std::int64_t>(std::size_t{1} << 16, 1), 1}});
  EXPECT_GT(score_bytes(batch, deep, {}, true), std::int64_t{1} << 40);
  EXPECT_LT(score_bytes(batch, deep, {.recompute = true}, true),
            score_bytes(batch, deep, {}, true) / 4);
  EXPECT_LT(score_bytes(batch, config, {}, true), std::int64_t{1} << 30);
}

TEST_F(LoadTest, BatchesThatNoModelCanReadAreRefused) {
  const CausalLm model = CausalLm::init(config, 1).value();
  const PackedBatch good = pack_sequences(std::vector<TokenSequence>{{{1, 2, 3}, 1}, {{4, 5}, 1}});
  EXPECT_TRUE(model.score(good, ScoreOptions{}).ok());
  const auto refused = [&](const std::function<void(PackedBatch&)>& change) {
    PackedBatch bad = good;
    change(bad);
    return !model.score(bad, ScoreOptions{}).ok();
  };
  EXPECT_TRUE(refused([](PackedBatch& b) { b.tokens[1] = 50; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.tokens[1] = -1; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.predictions[0].target = 50; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.predictions[0].row = 3; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.segments[1].end = 9; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.segments.pop_back(); }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.segments[0].parent = 1; }));
  EXPECT_TRUE(refused([](PackedBatch& b) { b.segments[1].parent = 7; }));
  EXPECT_FALSE(model.score(good, ScoreOptions{.temperature = 0}).ok());
}

}  // namespace
}  // namespace cairn::model
