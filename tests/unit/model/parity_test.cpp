// Every number of the fixtures qwen3-dense and qwen3-moe, at the tolerances of their READMEs. The
// largest differences are printed as a table.
#include <cstdio>
#include <map>

#include "plugins/lib/model/optimizer.h"
#include "tests/unit/model/torch_fixtures.h"

namespace cairn::model {
namespace {

struct Checkpoint {
  const char* fixture;  // a folder of fixtures()
  const char* folder;   // of the weights, in it
};

// What was seen, for the table.
class Table {
 public:
  static void note(const std::string& row, double value) {
    double& worst = rows()[row];
    worst = std::max(worst, value);
  }
  static void print() {
    std::printf("%-56s %s\n", "parity: fixture and number", "largest difference");
    for (const auto& [row, value] : rows()) std::printf("%-56s %.1e\n", row.c_str(), value);
  }

 private:
  static std::map<std::string, double>& rows() {
    static std::map<std::string, double> rows;
    return rows;
  }
};

class PrintsTable : public testing::Environment {
 public:
  void TearDown() override { Table::print(); }
};
const auto* const kPrinted = testing::AddGlobalTestEnvironment(new PrintsTable);

constexpr double kLogits = 1e-4;
constexpr double kLogprobs = 5e-5;
constexpr double kLoss = 1e-5;

struct ParityTest : testing::TestWithParam<Checkpoint> {
  ParityTest()
      : folder(fixtures() / GetParam().fixture),
        io(SafetensorsFile::open(folder / "io.safetensors").value()),
        model(CausalLm::load(folder / GetParam().folder).value()) {
    fix_threads(2);
  }

  void expect_near(const std::string& what, const at::Tensor& found, const at::Tensor& wanted,
                   double tolerance) const {
    const double off = distance(found, wanted);
    Table::note(std::string(GetParam().fixture) + "/" + GetParam().folder + " " + what, off);
    EXPECT_LE(off, tolerance) << what;
  }

  // The rows of a batch of the fixture, without padding.
  struct Rows {
    std::vector<TokenSequence> sequences;
    std::vector<std::int64_t> padding;
    std::int64_t width;
  };
  Rows rows(const std::string& batch) const {
    const at::Tensor ids = tensor_of(io, batch + ".input_ids");
    Rows result{rows_of(ids), std::vector<std::int64_t>(static_cast<std::size_t>(ids.size(0))),
                ids.size(1)};
    if (io.find(batch + ".attention_mask") == nullptr) return result;
    const at::Tensor mask = tensor_of(io, batch + ".attention_mask");
    for (std::size_t b = 0; b < result.sequences.size(); ++b) {
      auto& tokens = result.sequences[b].tokens;
      const std::int64_t real = mask[static_cast<std::int64_t>(b)].sum().item<std::int64_t>();
      result.padding[b] = ids.size(1) - real;
      tokens.erase(tokens.begin(), tokens.begin() + result.padding[b]);
    }
    return result;
  }

  // What the fixture says of the real tokens of [B, T, ...]: rows as packing puts them; `short_by`
  // entries at the end of each row are left out.
  at::Tensor packed(const std::string& name, const Rows& rows, std::int64_t short_by = 0) const {
    const at::Tensor whole = tensor_of(io, name);
    std::vector<at::Tensor> parts;
    for (std::size_t b = 0; b < rows.padding.size(); ++b) {
      parts.push_back(
          whole[static_cast<std::int64_t>(b)].slice(0, rows.padding[b], rows.width - short_by));
    }
    return at::cat(parts);
  }

  fs::path folder;
  SafetensorsFile io;
  CausalLm model;
};

TEST_P(ParityTest, LogitsAndHiddenStates) {
  const at::NoGradGuard no_grad;
  for (const std::string name : {"plain", "leftpad"}) {
    const Rows rows = this->rows(name);
    const PackedBatch batch = whole_rows(rows.sequences);
    expect_near(name + ".logits", model.logits(batch), packed(name + ".logits", rows), kLogits);
    const std::vector<at::Tensor> streams = model.residuals(batch);
    ASSERT_EQ(static_cast<std::int64_t>(streams.size()), model.config().layers + 1);
    for (std::size_t i = 0; i < streams.size(); ++i) {
      expect_near(name + ".hidden", streams[i], packed(name + ".hidden." + std::to_string(i), rows),
                  kLogits);
    }
  }
}

TEST_P(ParityTest, LogProbabilitiesAndEntropies) {
  const at::NoGradGuard no_grad;
  for (const std::string name : {"plain", "leftpad"}) {
    const Rows rows = this->rows(name);
    for (const auto& [temperature, key] :
         {std::pair{1.0, ".entropy_t1.0"}, {0.7, ".entropy_t0.7"}}) {
      const TokenScores scores =
          model.score(whole_rows(rows.sequences), {.temperature = temperature}).value();
      expect_near(name + ".entropy", scores.entropy, packed(name + key, rows, 1), kLogprobs);
      if (temperature != 1.0) continue;
      expect_near(name + ".logprob", scores.logprob, packed(name + ".logprob", rows), kLogprobs);
    }
  }
}

class RouterParityTest : public ParityTest {};

TEST_P(RouterParityTest, RoutersAndTheirBalance) {
  ASSERT_TRUE(model.config().experts);
  const at::NoGradGuard no_grad;
  for (const std::string name : {"plain", "leftpad"}) {
    const Rows rows = this->rows(name);
    const PackedBatch batch = whole_rows(rows.sequences);
    std::size_t at = 0;
    const std::vector<Route> routes = model.routes(batch);
    for (std::int64_t i = 0; i < model.config().layers; ++i) {
      const std::string router = name + ".router." + std::to_string(i);
      ASSERT_EQ(model.config().has_experts(i), io.find(router + ".prob") != nullptr);
      if (!model.config().has_experts(i)) continue;
      const Route& route = routes.at(at++);
      expect_near(name + ".router.prob", route.probability, packed(router + ".prob", rows),
                  kLogprobs);
      expect_near(name + ".router.weight", route.weight, packed(router + ".weight", rows),
                  kLogprobs);
      EXPECT_TRUE(at::equal(route.chosen, packed(router + ".chosen", rows))) << router;
    }
    EXPECT_EQ(at, routes.size());
    const auto scores = model.score(batch, ScoreOptions{.load_balancing = true}).value();
    expect_near(name + ".aux_loss", scores.load_balancing, tensor_of(io, name + ".aux_loss"),
                kLoss);
  }
}

TEST_P(ParityTest, LossAndGradients) {
  model.require_grad(true);
  const PackedBatch batch = whole_rows(rows("plain").sequences);
  const auto grads = SafetensorsFile::open(folder / "grads.safetensors").value();
  const auto compare = [&](const std::string& prefix) {
    std::size_t compared = 0;
    for (const auto& [name, parameter] : model.parameters()) {
      if (grads.find(prefix + "." + name) == nullptr) continue;
      ++compared;
      const at::Tensor wanted = tensor_of(grads, prefix + "." + name);
      const at::Tensor found =
          parameter.grad().defined() ? parameter.grad() : at::zeros_like(wanted);
      expect_near(prefix, found, wanted, 1e-5 + 1e-4 * wanted.abs().max().item<double>());
    }
    EXPECT_GT(compared, 0U) << prefix;
  };
  const at::Tensor loss = -model.score(batch).value().logprob.mean();
  expect_near("loss", loss, tensor_of(io, "loss"), kLoss);
  loss.backward();
  compare("grad");
  if (!model.config().experts) return;
  for (const bool recompute : {false, true}) {
    model.zero_grad();
    model.score(batch, ScoreOptions{.recompute = recompute, .load_balancing = true})
        .value()
        .load_balancing.backward();
    compare("grad_aux");
  }
}

TEST_P(ParityTest, AdamWSteps) {
  const json::object settings = parse_json_object(read_text(folder / "adamw.json")).value();
  const auto expected = SafetensorsFile::open(folder / "adamw.safetensors").value();
  const auto setting = [&](const char* name) { return settings.at(name).to_number<double>(); };
  AdamW optimizer({settings.at("betas").at(0).to_number<double>(),
                   settings.at("betas").at(1).to_number<double>(), setting("eps"),
                   setting("weight_decay")});
  model.require_grad(true);
  const PackedBatch batch = whole_rows(rows("plain").sequences);
  for (const json::value& step : settings.at("steps").as_array()) {
    model.zero_grad();
    const at::Tensor loss = -model.score(batch).value().logprob.mean();
    EXPECT_NEAR(loss.item<double>(), step.at("loss_before_step").to_number<double>(), 1e-4);
    loss.backward();
    const double norm =
        train_step(model, optimizer, setting("lr"), setting("max_grad_norm")).value();
    EXPECT_NEAR(norm, step.at("grad_norm_before_clip").to_number<double>(), 1e-3);
    const std::int64_t number = step.at("step").as_int64();
    std::int64_t near = 0, all = 0;
    for (const auto& [name, parameter] : model.parameters()) {
      const std::string key = "step" + std::to_string(number) + "." + name;
      if (expected.find(key) == nullptr) continue;
      const at::Tensor off = (parameter.detach() - tensor_of(expected, key)).abs();
      expect_near("adamw step " + std::to_string(number), parameter, tensor_of(expected, key),
                  2 * setting("lr") * static_cast<double>(number));
      near += (off <= 1e-5).sum().item<std::int64_t>();
      all += off.numel();
    }
    EXPECT_GE(static_cast<double>(near), 0.999 * static_cast<double>(all));
  }
}

class NarrowParityTest : public ParityTest {};

TEST_P(NarrowParityTest, BFloat16AsCloseAsTheReference) {
  ASSERT_NE(io.find("bf16.logits_computed_in_bf16"), nullptr);
  const at::NoGradGuard no_grad;
  const PackedBatch batch = whole_rows(rows("plain").sequences);
  const at::Tensor f32 = tensor_of(io, "bf16.logits_computed_in_f32").flatten(0, 1);
  const at::Tensor bf16 = tensor_of(io, "bf16.logits_computed_in_bf16").flatten(0, 1);
  const CausalLm wide = CausalLm::load(folder / "bf16").value();
  expect_near("bf16 weights, float32 compute", wide.logits(batch), f32, kLogits);
  const CausalLm narrow = CausalLm::load(folder / "bf16", at::kBFloat16).value();
  const at::Tensor computed = narrow.logits(batch).to(at::kFloat);
  // The reference's own distance bounds what rounding in another order can do.
  const double reference = distance(bf16, f32);
  expect_near("bf16 compute, against float32", computed, f32, 1.5 * reference);
  expect_near("bf16 compute, against the reference's", computed, bf16, 2 * reference);
}

std::string name_of(const testing::TestParamInfo<Checkpoint>& info) {
  std::string name = info.param.fixture + std::string("_") + info.param.folder;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

constexpr Checkpoint kDense{"qwen3-dense", "checkpoint"};
constexpr Checkpoint kExperts{"qwen3-moe", "checkpoint"};
constexpr Checkpoint kFused{"qwen3-moe", "fused"};
INSTANTIATE_TEST_SUITE_P(Fixtures, ParityTest, testing::Values(kDense, kExperts, kFused), name_of);
INSTANTIATE_TEST_SUITE_P(Fixtures, RouterParityTest, testing::Values(kExperts, kFused), name_of);
INSTANTIATE_TEST_SUITE_P(Fixtures, NarrowParityTest, testing::Values(kDense), name_of);

// SmolLM2-135M, converted from its GGUF file: set CAIRN_SMOLLM2 to its folder.
TEST(SmolLm2Parity, LogProbabilitiesOfPromptsAndNextTokens) {
  const char* weights = std::getenv("CAIRN_SMOLLM2");
  if (weights == nullptr) GTEST_SKIP() << "skipped: CAIRN_SMOLLM2 names no model folder";
  const at::NoGradGuard no_grad;
  const auto model = CausalLm::load(weights);
  ASSERT_TRUE(model.ok()) << model.error().to_string();
  for (const json::object& line : read_lines(fixtures() / "smollm2" / "generations.jsonl")) {
    PackedBatch batch = whole_rows({{ids_of(line.at("ids")), 1}});
    const TokenScores scores = model->score(batch).value();
    const json::array& wanted = line.at("prompt_nll").as_array();
    ASSERT_EQ(static_cast<std::int64_t>(wanted.size()), scores.logprob.numel());
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const double off = std::abs(wanted[i].to_number<double>() +
                                  scores.logprob[static_cast<std::int64_t>(i)].item<double>());
      Table::note("smollm2 prompt_nll", off);
      EXPECT_LE(off, 2e-3);
    }
    const std::vector<std::int64_t> next = ids_of(line.at("next_top20_ids"));
    batch.predictions.clear();
    for (const std::int64_t id : next) batch.predictions.push_back({batch.rows() - 1, id});
    const TokenScores top = model->score(batch).value();
    for (std::size_t i = 0; i < next.size(); ++i) {
      const double off = std::abs(line.at("next_top20_logprobs").at(i).to_number<double>() -
                                  top.logprob[static_cast<std::int64_t>(i)].item<double>());
      Table::note("smollm2 next_top20_logprobs", off);
      EXPECT_LE(off, 2e-3);
    }
  }
}

}  // namespace
}  // namespace cairn::model
