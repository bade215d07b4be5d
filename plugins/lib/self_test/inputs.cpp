#include "plugins/lib/self_test/inputs.h"

#include <algorithm>
#include <numeric>

#include "core/base/files.h"
#include "core/base/random.h"
#include "plugins/lib/model/parameters.h"

namespace cairn::self_test {
namespace {

constexpr std::int64_t kVocabulary = 300;
constexpr std::int64_t kContext = 512;
constexpr double kDeviation = 0.02;

std::vector<float> drawn(const model::TensorPlan& plan, std::uint64_t seed, std::uint64_t index) {
  const std::int64_t size =
      std::accumulate(plan.shape.begin(), plan.shape.end(), std::int64_t{1}, std::multiplies<>());
  std::vector<float> values(static_cast<std::size_t>(size));
  RandomStream draws(seed, "self-test weights", {index});
  const double mean = plan.shape.size() == 1 ? 1 : 0;  // the weights of a norm
  for (float& value : values) value = static_cast<float>(mean + kDeviation * draws.normal());
  return values;
}

}  // namespace

std::vector<QaRecord> questions() {
  std::vector<QaRecord> all;
  for (int i = 0; i < 12; ++i) {
    QaRecord one;
    const std::string item = "item " + std::to_string(i);
    one.id = "q" + std::to_string(10 + i);
    one.task = i % 2 == 0 ? "dialogue" : "reading";
    one.domain = "general";
    one.question = "Which colour has " + item + "?";
    one.answer = {i % 3 == 0 ? "red" : "green"};
    one.format_instruction = "Say it.";
    one.documents = {{"d", "items", item + " red green blue", true}};
    all.push_back(std::move(one));
  }
  return all;
}

Result<model::Tokenizer> write_tokenizer(const fs::path& folder,
                                         const std::vector<QaRecord>& questions) {
  std::vector<std::string> texts = {"The answer is red", "The answer is green or blue"};
  for (const QaRecord& one : questions) texts.push_back(text::render_prompt(one));
  CAIRN_ASSIGN(const std::string learned,
               model::train_tokenizer({texts.begin(), texts.end()}, kVocabulary));
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(folder));
  CAIRN_TRY(files.write_atomic(folder / "tokenizer.json", learned));
  CAIRN_TRY(
      files.write_atomic(folder / "tokenizer_config.json", model::tokenizer_config_json(kContext)));
  return model::Tokenizer::load(folder);
}

model::ModelConfig small_config(const model::Tokenizer& tokenizer) {
  model::ModelConfig config;
  config.vocab_size = tokenizer.vocab_size();
  config.hidden_size = 32;
  config.intermediate_size = 48;
  config.layers = 2;
  config.heads = 2;
  config.kv_heads = 1;
  config.head_dim = 16;
  config.eos_ids = tokenizer.stop_ids();
  return config;
}

Result<void> write_drawn_model(const fs::path& folder, const model::ModelConfig& config,
                               std::uint64_t seed) {
  FileSystem& files = real_file_system();
  CAIRN_TRY(files.make_directories(folder));
  CAIRN_TRY(files.write_atomic(folder / "config.json",
                               json::serialize(model::config_to_json(config, "float32"))));
  const auto plan = model::parameter_plan(config, model::Dtype::kF32);
  CAIRN_ASSIGN(auto weights, model::WeightsWriter::create(folder, plan));
  for (std::size_t i = 0; i < plan.size(); ++i)
    CAIRN_TRY(weights.write_f32(plan[i].name, drawn(plan[i], seed, i)));
  return weights.finish();
}

Result<void> give_questions(SelfTest& test, const std::string& input) {
  return test.records(input, questions());
}

Result<void> give_tokenizer(SelfTest& test, const std::string& input) {
  const fs::path folder = test.folder() / input;
  CAIRN_TRY(write_tokenizer(folder, questions()));
  test.input(input, folder);
  return {};
}

Result<void> give_model(SelfTest& test, const std::string& input, std::uint64_t seed) {
  const fs::path folder = test.folder() / (input + std::to_string(seed));
  CAIRN_ASSIGN(const auto tokenizer, write_tokenizer(folder, questions()));
  CAIRN_TRY(write_drawn_model(folder, small_config(tokenizer), seed));
  test.input(input, folder);
  return {};
}

}  // namespace cairn::self_test
