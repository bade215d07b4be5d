#include "plugins/lib/model/causal_lm.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "core/base/random.h"
#include "plugins/lib/model/optimizer.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

fs::path folder() {
  return fixtures() / "qwen3-dense";
}

at::Tensor tensor_of(const SafetensorsFile& file, const std::string& name) {
  const TensorView* view = file.find(name);
  if (view == nullptr) fail_unwrap(not_found("fixture tensor " + name));
  if (view->dtype == Dtype::kI64) {
    at::Tensor tensor = at::empty(view->shape, at::kLong);
    std::memcpy(tensor.data_ptr<std::int64_t>(), view->data.data(), view->data.size());
    return tensor;
  }
  at::Tensor tensor = at::empty(view->shape, at::kFloat);
  const auto size = static_cast<std::size_t>(tensor.numel());
  EXPECT_TRUE(to_f32(*view, {tensor.data_ptr<float>(), size}).ok());
  return tensor;
}

double distance(const at::Tensor& a, const at::Tensor& b) {
  EXPECT_EQ(a.sizes(), b.sizes());
  return (a.to(at::kFloat) - b.to(at::kFloat)).abs().max().item<double>();
}

std::vector<TokenSequence> rows_of(const at::Tensor& ids) {
  std::vector<TokenSequence> rows;
  for (std::int64_t b = 0; b < ids.size(0); ++b) {
    const auto* row = ids.data_ptr<std::int64_t>() + b * ids.size(1);
    rows.push_back({{row, row + ids.size(1)}, 1});
  }
  return rows;
}

// All tokens of every row as a segment, the last one too.
PackedBatch whole_rows(const std::vector<TokenSequence>& rows) {
  PackedBatch batch;
  for (const TokenSequence& row : rows) {
    const std::int64_t begin = batch.rows();
    batch.tokens.insert(batch.tokens.end(), row.tokens.begin(), row.tokens.end());
    batch.segments.push_back({begin, batch.rows(), -1});
  }
  return batch;
}

struct Qwen3Test : testing::Test {
  Qwen3Test()
      : io(SafetensorsFile::open(folder() / "io.safetensors").value()),
        model(CausalLm::load(folder() / "checkpoint").value()),
        plain(rows_of(tensor_of(io, "plain.input_ids"))) {
    fix_threads(2);
  }
  SafetensorsFile io;
  CausalLm model;
  std::vector<TokenSequence> plain;
};

TEST_F(Qwen3Test, LogitsAndHiddenStates) {
  const at::Tensor expected = tensor_of(io, "plain.logits");
  const PackedBatch batch = whole_rows(plain);
  EXPECT_LT(distance(model.logits(batch).view(expected.sizes()), expected), 1e-4);
  const std::vector<at::Tensor> streams = model.residuals(batch);
  ASSERT_EQ(static_cast<std::int64_t>(streams.size()), model.config().layers + 1);
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const at::Tensor hidden = tensor_of(io, "plain.hidden." + std::to_string(i));
    EXPECT_LT(distance(streams[i].view(hidden.sizes()), hidden), 1e-4) << i;
  }
}

TEST_F(Qwen3Test, PaddingIsLeftOutByPacking) {
  const at::Tensor ids = tensor_of(io, "leftpad.input_ids");
  const at::Tensor mask = tensor_of(io, "leftpad.attention_mask");
  const at::Tensor expected = tensor_of(io, "leftpad.logits");
  std::vector<TokenSequence> rows = rows_of(ids);
  for (std::size_t b = 0; b < rows.size(); ++b) {
    const std::int64_t real = mask[static_cast<std::int64_t>(b)].sum().item<std::int64_t>();
    rows[b].tokens.erase(rows[b].tokens.begin(), rows[b].tokens.end() - real);
    const at::Tensor logits = model.logits(whole_rows({rows[b]}));
    const at::Tensor wanted =
        expected[static_cast<std::int64_t>(b)].slice(0, ids.size(1) - real, ids.size(1));
    EXPECT_LT(distance(logits, wanted), 1e-4);
  }
}

TEST_F(Qwen3Test, LogProbabilitiesAndEntropies) {
  const at::Tensor expected = tensor_of(io, "plain.logprob");
  for (const auto& [temperature, name] :
       {std::pair{1.0, "plain.entropy_t1.0"}, std::pair{0.7, "plain.entropy_t0.7"}}) {
    const TokenScores scores = model.score(pack_sequences(plain), temperature);
    const at::Tensor entropy = tensor_of(io, name).slice(1, 0, expected.size(1));
    EXPECT_LT(distance(scores.entropy.view(expected.sizes()), entropy), 5e-5);
    if (temperature == 1.0) {
      EXPECT_LT(distance(scores.logprob.view(expected.sizes()), expected), 5e-5);
    }
  }
}

TEST_F(Qwen3Test, LossAndGradients) {
  model.require_grad(true);
  const at::Tensor loss = -model.score(pack_sequences(plain), 1.0).logprob.mean();
  EXPECT_NEAR(loss.item<double>(), tensor_of(io, "loss").item<double>(), 1e-5);
  loss.backward();
  const auto grads = SafetensorsFile::open(folder() / "grads.safetensors").value();
  for (const auto& [name, parameter] : model.parameters()) {
    const at::Tensor expected = tensor_of(grads, "grad." + name);
    const double tolerance = 1e-5 + 1e-4 * expected.abs().max().item<double>();
    EXPECT_LT(distance(parameter.grad(), expected), tolerance) << name;
  }
}

TEST_F(Qwen3Test, AdamWSteps) {
  const json::object settings = parse_json_object(read_text(folder() / "adamw.json")).value();
  const auto expected = SafetensorsFile::open(folder() / "adamw.safetensors").value();
  const double lr = settings.at("lr").as_double();
  AdamW optimizer({settings.at("betas").at(0).as_double(), settings.at("betas").at(1).as_double(),
                   settings.at("eps").as_double(), settings.at("weight_decay").as_double()});
  model.require_grad(true);
  for (const json::value& step : settings.at("steps").as_array()) {
    model.zero_grad();
    const at::Tensor loss = -model.score(pack_sequences(plain), 1.0).logprob.mean();
    EXPECT_NEAR(loss.item<double>(), step.at("loss_before_step").as_double(), 1e-4);
    loss.backward();
    EXPECT_NEAR(clip_grad_norm(model, settings.at("max_grad_norm").as_double()),
                step.at("grad_norm_before_clip").as_double(), 1e-3);
    optimizer.step(model, lr);
    const std::int64_t number = step.at("step").as_int64();
    std::int64_t near = 0, all = 0;
    for (const auto& [name, parameter] : model.parameters()) {
      const std::string key = "step" + std::to_string(number) + "." + name;
      if (expected.find(key) == nullptr) continue;
      const at::Tensor off = (parameter.detach() - tensor_of(expected, key)).abs();
      EXPECT_LE(off.max().item<double>(), 2 * lr * static_cast<double>(number)) << key;
      near += (off <= 1e-5).sum().item<std::int64_t>();
      all += off.numel();
    }
    EXPECT_GE(static_cast<double>(near), 0.999 * static_cast<double>(all));
  }
}

TEST_F(Qwen3Test, OptimizerStateSurvivesExactly) {
  const TempFolder temp;
  const auto train = [&](CausalLm& trained, AdamW& optimizer) {
    trained.require_grad(true);
    trained.zero_grad();
    (-model.score(pack_sequences(plain), 1.0).logprob.mean()).item<double>();
    (-trained.score(pack_sequences(plain), 1.0).logprob.mean()).backward();
    optimizer.step(trained, 1e-3);
  };
  CausalLm straight = CausalLm::load(folder() / "checkpoint").value();
  AdamW first({});
  train(straight, first);
  ASSERT_TRUE(save_weights(straight, temp.path()).ok());
  ASSERT_TRUE(first.save(temp.path()).ok());
  train(straight, first);
  CausalLm resumed = CausalLm::load(folder() / "checkpoint").value();
  AdamW second({});
  ASSERT_TRUE(load_weights(resumed, temp.path()).ok());
  ASSERT_TRUE(second.restore(temp.path(), resumed).ok());
  EXPECT_EQ(second.steps(), 1);
  train(resumed, second);
  for (const auto& [name, parameter] : straight.parameters()) {
    EXPECT_TRUE(at::equal(parameter, resumed.parameters().at(name))) << name;
  }
}

// Three responses that share their prompt, against each with a prompt of its own; and the kernels
// against plain LibTorch operations in float64.
TEST_F(Qwen3Test, SharedPromptGivesTheSameScoresAndGradients) {
  const std::vector<TokenGroup> groups = {
      {{5, 9, 130, 7, 7, 21}, {{44, 3}, {8}, {17, 300, 12, 9, 2}}},
      {{77, 1, 399}, {{10, 11, 12}, {}, {350}}},
  };
  std::vector<TokenSequence> apart;
  for (const TokenGroup& group : groups) {
    for (const auto& response : group.responses) {
      TokenSequence sequence{group.prompt, static_cast<std::int64_t>(group.prompt.size())};
      sequence.tokens.insert(sequence.tokens.end(), response.begin(), response.end());
      apart.push_back(sequence);
    }
  }
  const at::Tensor weights = at::arange(1, 13, at::kFloat) / 10 - 0.5;
  const auto gradients = [&](const CausalLm& trained, const PackedBatch& batch) {
    CausalLm copy = trained;
    copy.require_grad(true);
    copy.zero_grad();
    (copy.score(batch, 0.7).logprob * weights).sum().backward();
    std::map<std::string, at::Tensor> result;
    for (const auto& [name, parameter] : copy.parameters()) {
      result.emplace(name, parameter.grad().clone());
    }
    return result;
  };
  const CausalLm exact = CausalLm::load(folder() / "checkpoint", at::kDouble).value();
  const auto shared = model.score(pack_groups(groups), 0.7);
  const auto separate = exact.score(pack_sequences(apart), 0.7);
  EXPECT_LT(distance(shared.logprob, separate.logprob), 5e-5);
  EXPECT_LT(distance(shared.entropy, separate.entropy), 5e-5);
  EXPECT_LT(distance(shared.sum_squares, separate.sum_squares), 5e-5);
  const auto from_groups = gradients(model, pack_groups(groups));
  const auto from_plain = gradients(exact, pack_groups(groups));
  const auto from_apart = gradients(exact, pack_sequences(apart));
  for (const auto& [name, gradient] : from_apart) {
    const double tolerance = 1e-6 + 1e-4 * gradient.abs().max().item<double>();
    EXPECT_LT(distance(from_groups.at(name), gradient), tolerance) << name;
    EXPECT_LT(distance(from_plain.at(name), gradient), tolerance) << name;
  }
}

// A long segment is attended to in several blocks.
TEST_F(Qwen3Test, BlocksOfLongSequences) {
  PackedBatch batch;
  for (std::int64_t i = 0; i < 1500; ++i) batch.tokens.push_back(i * 7 % 400);
  batch.segments = {{0, 900, -1}, {900, 1500, 0}};
  const CausalLm exact = CausalLm::load(folder() / "checkpoint", at::kDouble).value();
  at::NoGradGuard no_grad;
  EXPECT_LT(distance(model.hidden(batch), exact.hidden(batch)), 2e-4);
}

TEST_F(Qwen3Test, FoldersRoundTrip) {
  const TempFolder temp;
  ModelConfig config = model.config();
  config.tied = true;
  const CausalLm fresh = CausalLm::init(config, 7).value();
  ASSERT_TRUE(save_model(fresh, temp.path() / "a", Dtype::kF32, fixtures() / "tokenizer").ok());
  const auto back = CausalLm::load(temp.path() / "a");
  ASSERT_TRUE(back.ok()) << back.error().to_string();
  const CausalLm again = CausalLm::init(config, 7).value();
  for (const auto& [name, parameter] : again.parameters()) {
    EXPECT_TRUE(at::equal(parameter, back->parameters().at(name))) << name;
  }
  EXPECT_EQ(back->parameters().count("lm_head.weight"), 0U);
  EXPECT_EQ(back->config().eos_ids, config.eos_ids);
}

TEST_F(Qwen3Test, Bfloat16Weights) {
  const CausalLm wide = CausalLm::load(folder() / "bf16").value();
  const at::Tensor f32 = tensor_of(io, "bf16.logits_computed_in_f32");
  EXPECT_LT(distance(wide.logits(whole_rows(plain)).view(f32.sizes()), f32), 1e-4);
  const CausalLm narrow = CausalLm::load(folder() / "bf16", at::kBFloat16).value();
  at::NoGradGuard no_grad;
  const at::Tensor computed = narrow.logits(whole_rows(plain)).view(f32.sizes());
  // The reference in bfloat16 is itself this far from float32.
  EXPECT_LT(distance(computed, f32), 2 * 1.2e-1);
}

}  // namespace
}  // namespace cairn::model
