// sft: supervised training of a small Qwen3 on questions and answers.
#include <cmath>
#include <numbers>

#include "core/sdk/plugin.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/model/optimizer.h"
#include "plugins/lib/self_test/inputs.h"
#include "plugins/sft/drills.h"
#include "plugins/sft/examples.h"
#include "plugins/sft/memory_turns.h"
#include "plugins/sft/transplant.h"

namespace cairn {
namespace {

constexpr std::int64_t kMostHeldout = 256;

struct SftStage : Stage {
  Param<std::int64_t> hidden{this, "hidden", 192, "Width of the model", AtLeast{1}};
  Param<std::int64_t> layers{this, "layers", 4, "Layers", AtLeast{1}};
  Param<std::int64_t> heads{this, "heads", 6, "Query heads", AtLeast{1}};
  Param<std::int64_t> kv_heads{this, "kv_heads", 2, "Key-value heads", AtLeast{1}};
  Param<std::int64_t> head_dim{this, "head_dim", 32, "Width of a head", AtLeast{2}};
  Param<std::int64_t> intermediate{this, "intermediate", 512, "Width of the MLP", AtLeast{1}};
  Param<double> rope_theta{this, "rope_theta", 10000.0, "Base of the rotary frequencies",
                           AtLeast{1}};
  Param<Tokens> max_positions{this, "max_positions", Tokens{4096},
                              "Context length written to config.json"};
  Param<std::int64_t> steps{this, "steps", 600, "Optimizer steps", AtLeast{1}};
  Param<std::int64_t> batch{this, "batch", 32, "Records per step", AtLeast{1}};
  Param<double> lr{this, "lr", 2e-3, "Highest learning rate", AtLeast{0}};
  Param<std::int64_t> warmup{this, "warmup", 20, "Steps of linear warm-up", AtLeast{0}};
  Param<std::string> schedule{this, "schedule", "linear", "How the rate decays to 0 after warm-up",
                              Choices{{"linear", "cosine", "constant"}}};
  Param<double> weight_decay{this, "weight_decay", 0.01, "AdamW's decoupled decay", AtLeast{0}};
  Param<double> beta2{this, "beta2", 0.98, "AdamW's second moment", Range{0, 1}};
  Param<double> max_grad_norm{this, "max_grad_norm", 1.0, "Gradients are clipped to this norm",
                              AtLeast{0}};
  Param<double> prompt_loss_weight{this, "prompt_loss_weight", 0.5,
                                   "Factor of the mean loss over all tokens, prompts included, "
                                   "added to the mean loss over answers",
                                   AtLeast{0}};
  Param<Tokens> max_input{this, "max_input_tokens", Tokens{1024},
                          "Records with a longer prompt are left out"};
  Param<Tokens> micro_batch{this, "micro_batch_tokens", Tokens{2048},
                            "Tokens computed at once; gradients of a batch add up"};
  Param<std::string> dtype{this, "dtype", "bfloat16", "Format of the saved weights",
                           Choices{{"float32", "bfloat16", "float16"}}};
  Param<std::int64_t> checkpoint_every{this, "checkpoint_every", 50, "Steps between checkpoints",
                                       AtLeast{1}};
  Param<double> heldout_fraction{this, "heldout_fraction", 0.05,
                                 "Part of the records that is only measured on", Range{0, 0.9}};
  Param<std::int64_t> heldout_every{this, "heldout_every", 50,
                                    "Steps between measurements of heldout_loss", AtLeast{1}};
  Param<double> memory_share{this, "memory_share", 0.0,
                             "Part of the records that is also shown as turns of a memory agent",
                             Range{0, 1}};
  Param<Tokens> chunk_tokens{this, "chunk_tokens", Tokens{8192},
                             "Documents per turn of those demonstrations", AtLeast{1}};
  Param<std::int64_t> drill_turns{this, "drill_turns", 0,
                                  "Turns added after every answer, each of which asks for a "
                                  "\"key: value\" line of the record's documents",
                                  AtLeast{0}};
  Param<double> substituted_share{this, "substituted_share", 0.0,
                                  "Part of the records whose documents are also shown with random "
                                  "values, to be repeated and, drill_turns times, looked up",
                                  Range{0, 1}};
  Param<std::int64_t> repeats{this, "repeats", 0,
                              "Examples of random tokens to be repeated, added to the records",
                              AtLeast{0}};
  Param<double> question_share{this, "question_share", 1.0,
                               "Part of the training records whose questions are trained on; below "
                               "1 for drills alone",
                               Range{0, 1}};
  Input<kind::Tokenizer> tokenizer{this, "tokenizer", "Vocabulary of the model"};
  Input<kind::Qa> dataset{this, "dataset", "Questions with answers"};
  Input<kind::Model> policy{this, "policy",
                            "Model to start from; its shape replaces the parameters of shape",
                            Optional{}};
  Output<kind::Model> model{this, "model", "The trained model with its tokenizer"};
  Metric loss{this, "loss", "nats per token", "Cross-entropy of the answer tokens"};
  Metric grad_norm{this, "grad_norm", "norm", "Norm of the gradient before it is clipped"};
  Metric rate_of_step{this, "lr", "rate", "Learning rate of the step"};
  Metric heldout_loss{this, "heldout_loss", "nats per token",
                      "Cross-entropy of held-out answer tokens"};
  Metric heldout_fall{this, "heldout_fall_last_fifth", "share",
                      "By how much the held-out loss fell over the last fifth of the steps"};
  Checkpoints checkpoints{this, "steps",
                          "Every `checkpoint_every` steps and at the end: weights and optimizer"};

  Result<void> run(StageContext& ctx) override;

 private:
  // What a checkpoint holds besides weights and optimizer.
  struct Progress {
    std::int64_t step = 0;
    std::optional<double> heldout_before_last_fifth;
  };

  Result<model::CausalLm> first_model(StageContext& ctx, const model::Tokenizer& vocabulary);
  Result<void> resume(StageContext& ctx, model::CausalLm& trained, model::AdamW& optimizer,
                      Progress& progress);
  Result<void> save(StageContext& ctx, const model::CausalLm& trained,
                    const model::AdamW& optimizer, const Progress& progress);
  double learning_rate(std::int64_t step) const;
  Result<double> train_step(StageContext& ctx, model::CausalLm& trained, model::AdamW& optimizer,
                            const std::vector<sft::Example>& examples, std::int64_t step);
  Result<void> measure(StageContext& ctx, const model::CausalLm& trained,
                       const std::vector<sft::Example>& heldout, Progress& progress);
};

double SftStage::learning_rate(std::int64_t step) const {
  if (step < *warmup) return *lr * static_cast<double>(step + 1) / static_cast<double>(*warmup);
  if (*schedule == "constant") return *lr;
  const double left = static_cast<double>(std::max<std::int64_t>(1, *steps - *warmup));
  const double done = static_cast<double>(step - *warmup) / left;
  if (*schedule == "cosine") return *lr * 0.5 * (1.0 + std::cos(std::numbers::pi * done));
  return *lr * (1.0 - done);
}

Result<model::CausalLm> SftStage::first_model(StageContext& ctx,
                                              const model::Tokenizer& vocabulary) {
  if (!policy.present()) {
    model::ModelConfig config;
    config.vocab_size = vocabulary.vocab_size();
    config.hidden_size = *hidden;
    config.intermediate_size = *intermediate;
    config.layers = *layers;
    config.heads = *heads;
    config.kv_heads = *kv_heads;
    config.head_dim = *head_dim;
    config.rope_theta = *rope_theta;
    config.max_positions = max_positions->count;
    config.eos_ids = {vocabulary.find(model::kImEnd).value_or(-1)};
    config.pad_id = vocabulary.find(model::kEndOfText).value_or(-1);
    return model::CausalLm::init(config, derive_seed(ctx.seed(), "init"));
  }
  CAIRN_ASSIGN(model::CausalLm start, model::CausalLm::load(policy.path()));
  FileSystem& files = real_file_system();
  CAIRN_ASSIGN(const std::string old_text, files.read(policy.path() / "tokenizer.json"));
  CAIRN_ASSIGN(const std::string new_text, files.read(tokenizer.path() / "tokenizer.json"));
  if (old_text == new_text) return start;
  CAIRN_ASSIGN(const model::Tokenizer old, model::Tokenizer::from_json(old_text));
  CAIRN_ASSIGN(sft::Transplanted moved, sft::transplant(start, old, vocabulary));
  ctx.info("the policy has another tokenizer: " + std::to_string(moved.matched) + " of " +
           std::to_string(vocabulary.vocab_size()) +
           " tokens keep their embedding, the others start as the mean of their parts");
  return std::move(moved.model);
}

Result<void> SftStage::resume(StageContext& ctx, model::CausalLm& trained, model::AdamW& optimizer,
                              Progress& progress) {
  CAIRN_ASSIGN(const std::optional<StageCheckpoint> checkpoint, ctx.latest_checkpoint());
  if (!checkpoint) return {};
  CAIRN_TRY(model::load_weights(trained, checkpoint->folder));
  CAIRN_TRY(optimizer.restore(checkpoint->folder, trained));
  CAIRN_ASSIGN(const std::string text, real_file_system().read(checkpoint->folder / "state.json"));
  CAIRN_ASSIGN(const json::object state, parse_json_object(text));
  CAIRN_ASSIGN(progress.step, get_int(state, "step"));
  if (state.contains("heldout_before_last_fifth")) {
    CAIRN_ASSIGN(progress.heldout_before_last_fifth,
                 get_double(state, "heldout_before_last_fifth"));
  }
  ctx.info("continuing after step " + std::to_string(progress.step));
  return {};
}

Result<void> SftStage::save(StageContext& ctx, const model::CausalLm& trained,
                            const model::AdamW& optimizer, const Progress& progress) {
  return ctx.save_checkpoint(progress.step, [&](const fs::path& folder) -> Result<void> {
    CAIRN_TRY(model::save_weights(trained, folder));
    CAIRN_TRY(optimizer.save(folder));
    json::object state{{"step", progress.step}};
    if (progress.heldout_before_last_fifth) {
      state["heldout_before_last_fifth"] = *progress.heldout_before_last_fifth;
    }
    return real_file_system().write_atomic(folder / "state.json", pretty_json(state));
  });
}

Result<double> SftStage::train_step(StageContext& ctx, model::CausalLm& trained,
                                    model::AdamW& optimizer,
                                    const std::vector<sft::Example>& examples, std::int64_t step) {
  std::vector<const sft::Example*> chosen;
  for (const std::size_t i : sft::batch_of_step(ctx.seed(), step, *batch, examples.size())) {
    chosen.push_back(&examples[i]);
  }
  trained.zero_grad();
  double answer_loss = 0;
  for (const sft::WeightedBatch& part :
       sft::weigh(chosen, *prompt_loss_weight, micro_batch->count)) {
    CAIRN_ASSIGN(const model::TokenScores scores, trained.score(part.packed));
    const at::Tensor weights = at::tensor(part.weights, at::kFloat).to(scores.logprob.device());
    (-(scores.logprob * weights).sum()).backward();
    const at::Tensor logprob = scores.logprob.detach().cpu();
    for (std::size_t i = 0; i < part.in_answer.size(); ++i) {
      if (part.in_answer[i]) answer_loss -= logprob.data_ptr<float>()[i];
    }
  }
  answer_loss /= static_cast<double>(sft::answer_tokens(chosen));
  const double norm = model::clip_grad_norm(trained, *max_grad_norm);
  const double rate = learning_rate(step);
  optimizer.step(trained, rate);
  loss.record(ctx, step + 1, answer_loss);
  grad_norm.record(ctx, step + 1, norm);
  rate_of_step.record(ctx, step + 1, rate);
  return answer_loss;
}

// Mean loss of held-out answer tokens; and, at the end, how much it fell over the last fifth.
Result<void> SftStage::measure(StageContext& ctx, const model::CausalLm& trained,
                               const std::vector<sft::Example>& heldout, Progress& progress) {
  const std::int64_t last_fifth = *steps - *steps / 5;
  const bool at_border = progress.step == last_fifth;
  const bool at_end = progress.step == *steps;
  if (heldout.empty() || (progress.step % *heldout_every != 0 && !at_border && !at_end)) return {};
  at::NoGradGuard no_grad;
  std::vector<const sft::Example*> chosen;
  for (const sft::Example& example : heldout) {
    if (static_cast<std::int64_t>(chosen.size()) < kMostHeldout) chosen.push_back(&example);
  }
  double sum = 0;
  for (const sft::WeightedBatch& part : sft::weigh(chosen, 0, micro_batch->count)) {
    CAIRN_ASSIGN(const model::TokenScores scores, trained.score(part.packed));
    sum -= scores.logprob.sum().item<double>();
  }
  const double mean = sum / static_cast<double>(sft::answer_tokens(chosen));
  heldout_loss.record(ctx, progress.step, mean);
  if (at_border) progress.heldout_before_last_fifth = mean;
  if (at_end && progress.heldout_before_last_fifth) {
    heldout_fall.record(ctx, progress.step, 1.0 - mean / *progress.heldout_before_last_fifth);
  }
  return {};
}

Result<void> SftStage::run(StageContext& ctx) {
  model::fix_threads(ctx.resources().cpus);
  CAIRN_ASSIGN(const at::Device device, model::device_for_gpus(ctx.resources().gpus));
  CAIRN_ASSIGN(const model::Tokenizer vocabulary, model::Tokenizer::load(tokenizer.path()));
  CAIRN_ASSIGN(const std::vector<text::QaRecord> records, text::read_qa(dataset.path()));
  CAIRN_ASSIGN(sft::ExampleSet examples,
               sft::make_examples(records, vocabulary, max_input->count, *heldout_fraction,
                                  ctx.random("heldout")));
  examples.training.resize(
      static_cast<std::size_t>(*question_share * static_cast<double>(examples.training.size())));
  CAIRN_ASSIGN(const std::int64_t drills,
               sft::add_drills(records, vocabulary, *drill_turns, ctx.random("drills"), examples));
  CAIRN_ASSIGN(const std::int64_t substituted,
               sft::add_substituted(records, vocabulary, *substituted_share, *drill_turns,
                                    max_input->count, ctx.random("substituted"), examples));
  CAIRN_TRY(sft::add_repeats(vocabulary, *repeats, ctx.random("repeats"), examples));
  CAIRN_ASSIGN(const std::int64_t turns,
               sft::add_memory_turns(records, vocabulary, {*memory_share, chunk_tokens->count},
                                     max_input->count, ctx.random("memory"), examples));
  ctx.info(std::to_string(examples.training.size()) + " examples to train on, " +
           std::to_string(examples.heldout.size()) + " held out, " +
           std::to_string(examples.too_long) + " with prompts over the limit left out, " +
           std::to_string(examples.unanswered) + " without an answer, " + std::to_string(drills) +
           " turns of drill, " + std::to_string(substituted) + " with substituted values, " +
           std::to_string(turns) + " turns of a memory agent");
  CAIRN_ASSIGN(model::CausalLm trained, first_model(ctx, vocabulary));
  CAIRN_TRY(trained.move_to(device));
  trained.require_grad(true);
  model::AdamW optimizer({0.9, *beta2, 1e-8, *weight_decay});
  Progress progress;
  CAIRN_TRY(resume(ctx, trained, optimizer, progress));
  std::int64_t saved_at = progress.step;
  while (progress.step < *steps) {
    if (ctx.cancelled()) {
      if (progress.step > saved_at) CAIRN_TRY(save(ctx, trained, optimizer, progress));
      return stage_cancelled();
    }
    CAIRN_ASSIGN(const double loss,
                 train_step(ctx, trained, optimizer, examples.training, progress.step));
    if (!std::isfinite(loss)) {
      return invalid_argument(
          "the loss is no longer a number after step " + std::to_string(progress.step + 1),
          "lower lr");
    }
    ++progress.step;
    CAIRN_TRY(measure(ctx, trained, examples.heldout, progress));
    ctx.progress(static_cast<std::uint64_t>(progress.step), static_cast<std::uint64_t>(*steps),
                 "steps");
    if (progress.step % *checkpoint_every == 0 && progress.step < *steps) {
      CAIRN_TRY(save(ctx, trained, optimizer, progress));
      saved_at = progress.step;
    }
  }
  CAIRN_ASSIGN(const model::Dtype format, model::dtype_from_name(*dtype));
  return model::save_model(trained, model.path(), format, tokenizer.path());
}

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::SftStage>(
                 "sft", "Trains a Qwen3 to answer questions, from nothing or from a model")
                 .random()
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   CAIRN_TRY(cairn::self_test::give_questions(test, "dataset"));
                   CAIRN_TRY(cairn::self_test::give_tokenizer(test, "tokenizer"));
                   for (const auto& [name, value] : {std::pair{"hidden", 32},
                                                     {"layers", 2},
                                                     {"heads", 2},
                                                     {"kv_heads", 1},
                                                     {"head_dim", 16},
                                                     {"intermediate", 48},
                                                     {"steps", 4},
                                                     {"batch", 4},
                                                     {"warmup", 1},
                                                     {"checkpoint_every", 1}})
                     test.param(name, value);
                   return {};
                 }))
