#include "plugins/filtering/scorer.h"

#include "plugins/lib/curation/shingles.h"
#include "plugins/lib/grade/reward.h"
#include "plugins/lib/model/generate.h"

namespace cairn::filtering {
namespace {

// Rewards are sums of doubles; a full reward may end a rounding below it.
constexpr double kRounding = 1e-9;

Result<std::vector<std::int64_t>> counts_of(const json::value& value, std::size_t expected) {
  std::vector<std::int64_t> counts;
  if (value.is_array()) {
    for (const auto& element : value.as_array()) {
      if (element.is_number()) counts.push_back(element.to_number<std::int64_t>());
    }
  }
  if (counts.size() != expected) {
    return corrupt("the remembered answers of an earlier attempt do not fit the questions",
                   "run the task again from nothing");
  }
  return counts;
}

}  // namespace

Result<std::vector<std::int64_t>> Scorer::prompt_of(const text::QaRecord& record) const {
  return tokenizer_.encode_prompt(text::render_prompt(record));
}

std::size_t Scorer::batch_end(const std::vector<Question>& questions, std::size_t begin,
                              std::int64_t samples) const {
  std::int64_t tokens = 0;
  std::size_t end = begin;
  while (end < questions.size()) {
    tokens += static_cast<std::int64_t>(questions[end].prompt.size()) +
              samples * options_.max_output_tokens;
    if (end > begin && tokens > options_.batch_tokens) break;
    ++end;
  }
  return end;
}

Result<json::value> Scorer::ask(std::string_view phase, const std::vector<Question>& questions,
                                std::size_t begin, std::size_t end, std::int64_t samples) const {
  std::vector<model::SampleGroup> groups;
  for (std::size_t i = begin; i < end; ++i) {
    model::SampleGroup group{questions[i].prompt, {}};
    const std::uint64_t id = curation::hash_text(questions[i].record->id);
    for (std::int64_t s = 0; s < samples; ++s) {
      group.seeds.push_back(derive_seed(ctx_.seed(), phase, {id, static_cast<std::uint64_t>(s)}));
    }
    groups.push_back(std::move(group));
  }
  model::SamplingOptions sampling;
  sampling.temperature = options_.temperature;
  sampling.top_p = options_.top_p;
  sampling.max_new_tokens = options_.max_output_tokens;
  sampling.stop_ids = tokenizer_.stop_ids();
  model::EngineOptions engine;
  engine.cancelled = [this] { return ctx_.cancelled(); };
  CAIRN_ASSIGN(const auto generated, model::generate(policy_, groups, sampling, engine));

  json::array counts;
  for (std::size_t i = begin; i < end; ++i) {
    const text::QaRecord& record = *questions[i].record;
    std::int64_t right = 0;
    for (const auto& completion : generated.completions[i - begin]) {
      const std::string response = tokenizer_.decode(completion.ids, true);
      const double reward =
          grade::rule_reward(response, {record.task, record.answer}, options_.thinks);
      if (reward + kRounding >= options_.pass_reward) ++right;
    }
    counts.push_back(right);
  }
  return json::value(std::move(counts));
}

Result<std::vector<std::int64_t>> Scorer::right_answers(std::string_view phase,
                                                        const std::vector<Question>& questions,
                                                        std::int64_t samples) {
  std::vector<std::int64_t> all;
  const std::string unit = "prompts (" + std::string(phase) + ")";
  for (std::size_t begin = 0, batch = 0; begin < questions.size(); ++batch) {
    if (ctx_.cancelled()) return stage_cancelled();
    const std::size_t end = batch_end(questions, begin, samples);
    CAIRN_ASSIGN(const json::value answer,
                 ctx_.memo(std::string(phase) + "/" + std::to_string(batch),
                           [&] { return ask(phase, questions, begin, end, samples); }));
    CAIRN_ASSIGN(const auto counts, counts_of(answer, end - begin));
    all.insert(all.end(), counts.begin(), counts.end());
    begin = end;
    ctx_.progress(begin, questions.size(), unit);
  }
  return all;
}

}  // namespace cairn::filtering
