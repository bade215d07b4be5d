// eval: how many held-out questions a policy answers, with intervals (RECIPE §6).
#include "core/sdk/plugin.h"
#include "core/sdk/segmented_log.h"
#include "plugins/eval/direct.h"
#include "plugins/eval/likelihood.h"
#include "plugins/eval/predictions.h"
#include "plugins/eval/summary.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/self_test/inputs.h"

namespace cairn {
namespace {

constexpr const char* kStateFile = "state.json";

struct EvalStage : Stage {
  Param<std::string> name{this, "name", "eval", "What reports call this evaluation"};
  Param<Tokens> max_input{this, "max_input_tokens", Tokens{131072},
                          "Longest prompt, chat markup included", AtLeast{2}};
  Param<Tokens> max_output{this, "max_output_tokens", Tokens{51200},
                           "Responses are cut here and graded as they stand", AtLeast{1}};
  Param<std::string> over_limit{this, "over_limit", "wrong",
                                "Prompts over the limit. wrong: counted as wrong, without asking; "
                                "truncate: their middle is cut out",
                                Choices{{"wrong", "truncate"}}};
  Param<double> temperature{this, "temperature", 0.0, "Sampling temperature; 0: greedy",
                            Range{0.0, 10.0}};
  Param<double> top_p{this, "top_p", 1.0, "Probability mass that sampling draws from",
                      Range{0.01, 1.0}};
  Param<std::int64_t> samples{this, "samples", 1,
                              "Responses per item; its score is their mean. More than one needs a "
                              "temperature above 0",
                              AtLeast{1}};
  Param<std::int64_t> batch{this, "batch", 64, "Items per batch; a checkpoint follows each",
                            AtLeast{1}};
  Param<bool> loss{this, "loss", true, "Also measure the likelihood of the reference answers"};
  Param<Tokens> micro_batch{this, "micro_batch_tokens", Tokens{8192},
                            "Tokens computed at once for the likelihood", AtLeast{1}};
  Param<bool> thinks{this, "thinks", false,
                     "The model thinks: grade what follows the last </think>"};
  Input<kind::Model> policy{this, "policy", "Model to evaluate", Optional{}};
  Input<kind::Predictions> predictions{
      this, "predictions",
      "In place of a policy, responses made elsewhere: JSON Lines {id, response}", Optional{}};
  Input<kind::Qa> dataset{this, "dataset", "Evaluation items"};
  Output<kind::Summary> summary{this, "summary", "Averages with intervals, and every score"};
  Output<kind::Scores> scores{this, "scores", "Every item with its responses"};
  Metric average{this, "average", "share", "Mean score of all items"};
  Metric well_formed{this, "well_formed", "share", "Responses with an answer that can be read"};
  Metric mean_loss{this, "loss", "nats per token", "Cross-entropy of the answers (likelihood)"};
  Metric tokens_mean{this, "tokens_mean", "tokens", "Mean length of the responses"};
  Metric too_long{this, "too_long", "share", "Items longer than the model's window"};
  Checkpoints checkpoints{this, "items", "After each batch of items: their results"};

  Result<void> run(StageContext& ctx) override;

 private:
  struct Item {
    text::QaRecord record;
    std::vector<std::int64_t> prompt;
    std::uint64_t index = 0;  // among all items by id: keys the draws
    bool too_long = false;
  };
  using Batch = std::vector<const Item*>;

  Result<std::vector<text::QaRecord>> read_records() const;
  Result<std::vector<Item>> read_items(const model::Tokenizer& tokenizer) const;
  Result<void> ask(StageContext& ctx) const;
  Result<void> grade(StageContext& ctx) const;
  Result<std::vector<eval::ItemResult>> evaluate(const StageContext& ctx,
                                                 const model::CausalLm& model,
                                                 const model::Tokenizer& tokenizer,
                                                 const Batch& asked) const;
  Result<void> measure(const model::CausalLm& model, const model::Tokenizer& tokenizer,
                       const Batch& asked, std::vector<eval::ItemResult>& results) const;
  Result<void> write_outputs(StageContext& ctx, const char* mode, std::int64_t count,
                             std::vector<eval::ItemResult> results) const;
};

// Sorted by id.
Result<std::vector<text::QaRecord>> EvalStage::read_records() const {
  CAIRN_ASSIGN(auto records, text::read_qa(dataset.path()));
  if (records.empty()) return invalid_argument("there are no items to evaluate");
  std::ranges::sort(records, {}, &text::QaRecord::id);
  const auto twice = std::ranges::adjacent_find(records, {}, &text::QaRecord::id);
  if (twice != records.end())
    return invalid_argument("the evaluation items hold the id '" + twice->id + "' twice");
  return records;
}

// By prompt length, so that a batch holds prompts of like length.
Result<std::vector<EvalStage::Item>> EvalStage::read_items(
    const model::Tokenizer& tokenizer) const {
  CAIRN_ASSIGN(auto records, read_records());
  std::vector<Item> items;
  for (auto& record : records) {
    Item item;
    CAIRN_ASSIGN(item.prompt, tokenizer.encode_prompt(text::render_prompt(record)));
    item.record = std::move(record);
    item.index = items.size();
    const bool over = static_cast<std::int64_t>(item.prompt.size()) > max_input->count;
    if (over && *over_limit == "truncate") {
      item.prompt = eval::without_middle(item.prompt, max_input->count);
    } else {
      item.too_long = over;
    }
    items.push_back(std::move(item));
  }
  std::ranges::stable_sort(items, {}, [](const Item& item) { return item.prompt.size(); });
  return items;
}

Result<std::vector<eval::ItemResult>> EvalStage::evaluate(const StageContext& ctx,
                                                          const model::CausalLm& model,
                                                          const model::Tokenizer& tokenizer,
                                                          const Batch& asked) const {
  std::vector<model::SampleGroup> groups;
  for (const Item* item : asked) {
    auto& group = groups.emplace_back();
    group.prompt = item->prompt;
    for (std::int64_t k = 0; k < *samples; ++k)
      group.seeds.push_back(
          derive_seed(ctx.seed(), "sample", {item->index, static_cast<std::uint64_t>(k)}));
  }
  model::SamplingOptions sampling;
  sampling.temperature = *temperature;
  sampling.top_p = *top_p;
  sampling.max_new_tokens = max_output->count;
  model::EngineOptions engine;
  engine.cancelled = [&ctx] { return ctx.cancelled(); };
  CAIRN_ASSIGN(const auto answers,
               eval::answer_directly(model, tokenizer, groups, sampling, engine));
  std::vector<eval::ItemResult> results;
  for (std::size_t i = 0; i < asked.size(); ++i)
    results.push_back(eval::grade_item(asked[i]->record, answers[i], *thinks));
  if (*loss) CAIRN_TRY(measure(model, tokenizer, asked, results));
  return results;
}

Result<void> EvalStage::measure(const model::CausalLm& model, const model::Tokenizer& tokenizer,
                                const Batch& asked, std::vector<eval::ItemResult>& results) const {
  std::vector<model::TokenGroup> groups;
  std::vector<eval::ItemResult*> measured;
  for (std::size_t i = 0; i < asked.size(); ++i) {
    const Item& item = *asked[i];
    if (item.record.answer.empty()) continue;
    groups.push_back(
        {item.prompt,
         {tokenizer.encode(text::answer_sentence(item.record.answer.front()) + model::kImEnd)}});
    measured.push_back(&results[i]);
  }
  CAIRN_ASSIGN(const auto sums, eval::reference_nll(model, groups, micro_batch->count));
  for (std::size_t i = 0; i < measured.size(); ++i) {
    measured[i]->reference_nll = sums[i];
    measured[i]->reference_tokens = static_cast<std::int64_t>(groups[i].responses[0].size());
  }
  return {};
}

Result<void> EvalStage::write_outputs(StageContext& ctx, const char* mode, std::int64_t count,
                                      std::vector<eval::ItemResult> results) const {
  std::ranges::sort(results, {}, &eval::ItemResult::id);
  std::string text;
  for (const auto& result : results) text += json::serialize(eval::to_json(result)) + "\n";
  CAIRN_TRY(real_file_system().write_atomic(scores.path(), text));
  const auto totals = eval::summarise({*name, mode, count, ctx.seed()}, std::move(results));
  for (const char* key : {"average", "well_formed", "loss", "tokens_mean", "too_long"}) {
    const auto& value = totals.at(key);
    if (value.is_number()) ctx.metric(key, 0, value.to_number<double>());
  }
  return real_file_system().write_atomic(summary.path(), pretty_json(totals));
}

Result<void> EvalStage::run(StageContext& ctx) {
  if (policy.present() == predictions.present())
    return invalid_argument(policy.present()
                                ? "there are a policy and predictions: one of them is graded"
                                : "there is nothing to grade: neither a policy nor predictions",
                            "connect either the input policy or the input predictions");
  return policy.present() ? ask(ctx) : grade(ctx);
}

Result<void> EvalStage::grade(StageContext& ctx) const {
  CAIRN_ASSIGN(const auto records, read_records());
  CAIRN_ASSIGN(auto results, eval::grade_predictions(predictions.path(), records, *thinks));
  ctx.progress(results.size(), results.size(), "items");
  const auto count = static_cast<std::int64_t>(results.front().responses.size());
  return write_outputs(ctx, eval::kPredictionsMode, count, std::move(results));
}

Result<void> EvalStage::ask(StageContext& ctx) const {
  if (*samples > 1 && *temperature == 0)
    return invalid_argument("samples is " + std::to_string(*samples) +
                                " at temperature 0, where all of them are the same",
                            "set a temperature such as 0.7, or samples: 1");
  model::fix_threads(ctx.resources().cpus);
  CAIRN_ASSIGN(const at::Device device, model::device_for_gpus(ctx.resources().gpus));
  CAIRN_ASSIGN(const auto tokenizer, model::Tokenizer::load(policy.path()));
  CAIRN_ASSIGN(auto model, model::CausalLm::load(policy.path()));
  CAIRN_TRY(model.move_to(device));
  CAIRN_ASSIGN(const auto items, read_items(tokenizer));

  std::int64_t done = 0;
  json::value cuts;
  CAIRN_ASSIGN(const auto checkpoint, ctx.latest_checkpoint());
  if (checkpoint) {
    CAIRN_ASSIGN(const auto text, real_file_system().read(checkpoint->folder / kStateFile));
    CAIRN_ASSIGN(const auto state, parse_json_object(text));
    CAIRN_ASSIGN(done, get_int(state, "items"));
    CAIRN_ASSIGN(const auto* stored, get_array(state, "log"));
    cuts = *stored;
    ctx.info("continues after " + std::to_string(done) + " items");
  }
  CAIRN_ASSIGN(auto log, SegmentedLog::open(ctx, "items", cuts));
  const auto total = static_cast<std::int64_t>(items.size());
  ctx.progress(static_cast<std::uint64_t>(done), items.size(), "items");
  while (done < total) {
    if (ctx.cancelled()) return stage_cancelled();
    const std::int64_t end = std::min(total, done + *batch);
    Batch asked;
    for (; done < end; ++done) {
      const Item& item = items[static_cast<std::size_t>(done)];
      if (!item.too_long) {
        asked.push_back(&item);
        continue;
      }
      CAIRN_TRY(log.append_line(json::serialize(eval::to_json(eval::too_long_item(item.record)))));
    }
    CAIRN_ASSIGN(const auto results, evaluate(ctx, model, tokenizer, asked));
    for (const auto& result : results)
      CAIRN_TRY(log.append_line(json::serialize(eval::to_json(result))));
    CAIRN_ASSIGN(json::value marks, log.cuts());
    const json::object state{{"items", done}, {"log", std::move(marks)}};
    CAIRN_TRY(ctx.save_checkpoint(done, [&](const fs::path& folder) {
      return real_file_system().write_atomic(folder / kStateFile, pretty_json(state));
    }));
    ctx.progress(static_cast<std::uint64_t>(done), items.size(), "items");
  }
  // From what was logged, so that an interrupted and an uninterrupted run read the same.
  const fs::path lines = ctx.temp_dir() / "items.jsonl";
  CAIRN_TRY(log.assemble(lines));
  std::vector<eval::ItemResult> results;
  CAIRN_TRY(text::read_json_lines(lines, [&](const json::object& object) -> Result<void> {
    CAIRN_ASSIGN(results.emplace_back(), eval::item_from_json(object));
    return {};
  }));
  return write_outputs(ctx, "direct", *samples, std::move(results));
}

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::EvalStage>(
                 "eval", "Asks a policy held-out questions and grades its answers by rule")
                 .random()
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   CAIRN_TRY(cairn::self_test::give_model(test, "policy", 1));
                   CAIRN_TRY(cairn::self_test::give_questions(test, "dataset"));
                   test.param("max_output_tokens", 12).param("batch", 4).param("temperature", 1.0);
                   return {};
                 }))
