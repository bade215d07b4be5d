#include "plugins/filtering/policy_filter.h"

#include <algorithm>

#include "plugins/lib/curation/extension.h"

namespace cairn::filtering {
namespace {

using curation::Records;
using curation::Verdicts;

Result<std::vector<Question>> questions_of(const Records& records, const Scorer& scorer) {
  std::vector<Question> questions;
  for (const auto& record : records) {
    CAIRN_ASSIGN(auto prompt, scorer.prompt_of(record));
    questions.push_back({&record, std::move(prompt)});
  }
  return questions;
}

Result<Verdicts> over_limit(const Records& records, const Scorer& scorer, std::int64_t limit) {
  Verdicts verdicts(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    CAIRN_ASSIGN(const auto prompt, scorer.prompt_of(records[i]));
    const auto tokens = static_cast<std::int64_t>(prompt.size());
    if (tokens > limit) verdicts[i] = {"prompt over max_input_tokens", std::to_string(tokens)};
  }
  return verdicts;
}

Verdicts beyond_scored(const Records& records, const PolicyOptions& options) {
  Verdicts verdicts = curation::beyond_task_share(records, options.max_scored, 0, options.seed);
  for (auto& verdict : verdicts) {
    if (!verdict.keeps()) verdict.reason = "more than max_scored";
  }
  return verdicts;
}

Result<Verdicts> grounded(const Records& records, const PolicyOptions& options, Scorer& scorer) {
  std::vector<Question> questions;
  for (const auto& record : records) {
    text::QaRecord bare = record;
    bare.documents.clear();
    CAIRN_ASSIGN(auto prompt, scorer.prompt_of(bare));
    questions.push_back({&record, std::move(prompt)});
  }
  CAIRN_ASSIGN(const auto right,
               scorer.right_answers("grounding", questions, options.grounding_samples));
  Verdicts verdicts(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    const double choices = static_cast<double>(records[i].choices.size());
    const double limit = options.grounding_limit + (choices > 0 ? 1 / choices : 0);
    const double rate =
        static_cast<double>(right[i]) / static_cast<double>(options.grounding_samples);
    if (rate > limit) {
      verdicts[i] = {"answered without documents",
                     std::to_string(right[i]) + " of " + std::to_string(options.grounding_samples)};
    }
  }
  return verdicts;
}

Result<void> rate(Records& records, const PolicyOptions& options, Scorer& scorer) {
  CAIRN_ASSIGN(const auto questions, questions_of(records, scorer));
  CAIRN_ASSIGN(const auto right, scorer.right_answers("pass", questions, options.samples));
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].pass_rate = curation::pass_at_k(options.samples, right[i], options.pass_k);
  }
  return {};
}

Result<Verdicts> fragile(const Records& records, const curation::DocumentPool& pool,
                         const PolicyOptions& options, Scorer& scorer, curation::Ledger& ledger) {
  std::vector<Question> questions;
  std::vector<std::size_t> asked;
  std::int64_t untested = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (records[i].pass_rate.value_or(0) <= 0) continue;
    const auto extended = pool.extend(
        records[i], static_cast<std::size_t>(options.robustness_documents), options.seed);
    std::vector<std::int64_t> prompt;
    if (extended) {
      CAIRN_ASSIGN(prompt, scorer.prompt_of(*extended));
    }
    if (!extended || static_cast<std::int64_t>(prompt.size()) > options.max_input_tokens) {
      ++untested;
      continue;
    }
    questions.push_back({&records[i], std::move(prompt)});
    asked.push_back(i);
  }
  if (untested > 0) {
    ledger.note(std::to_string(untested) +
                " records kept without the test of robustness: too few irrelevant documents, or no "
                "room for them within max_input_tokens");
  }
  CAIRN_ASSIGN(const auto right, scorer.right_answers("robustness", questions, options.samples));
  Verdicts verdicts(records.size());
  for (std::size_t q = 0; q < asked.size(); ++q) {
    if (right[q] == 0) verdicts[asked[q]].reason = "lost among irrelevant documents";
  }
  return verdicts;
}

json::object difficulty_by_task(const Records& records, std::size_t bins) {
  struct Task {
    std::int64_t n = 0;
    double sum = 0;
    std::vector<std::int64_t> bins;
  };
  std::map<std::string, Task> tasks;
  for (const auto& record : records) {
    Task& task = tasks[record.task];
    task.bins.resize(bins);
    const double pass_rate = record.pass_rate.value_or(0);
    ++task.n;
    task.sum += pass_rate;
    ++task.bins[curation::bin_of(pass_rate, bins)];
  }
  json::object object;
  for (const auto& [name, task] : tasks) {
    object[name] = json::object{{"n", task.n},
                                {"mean", task.sum / static_cast<double>(task.n)},
                                {"bins", json::array(task.bins.begin(), task.bins.end())}};
  }
  return json::object{{"pass_rate", std::move(object)}};
}

}  // namespace

Result<PolicyFiltered> filter_by_policy(Records records, const Records& evaluation,
                                        const PolicyOptions& options, Scorer& scorer,
                                        curation::Ledger& ledger) {
  std::ranges::stable_sort(records, {}, &text::QaRecord::id);
  const curation::DocumentPool pool(records);
  ledger.open(records);
  ledger.apply("answer", curation::unanswered(records), records);
  CAIRN_ASSIGN(const Verdicts exact, curation::exact_duplicates(records));
  ledger.apply("exact_duplicate", exact, records);
  ledger.apply("contamination", curation::contaminated(records, evaluation, options.contamination),
               records);
  CAIRN_ASSIGN(const Verdicts long_ones, over_limit(records, scorer, options.max_input_tokens));
  ledger.apply("input_limit", long_ones, records);
  ledger.apply("scored", beyond_scored(records, options), records);
  if (options.grounding_samples > 0) {
    CAIRN_ASSIGN(const Verdicts verdicts, grounded(records, options, scorer));
    ledger.apply("grounding", verdicts, records);
  }
  CAIRN_TRY(rate(records, options, scorer));
  json::object difficulty = difficulty_by_task(records, options.difficulty.bins);
  if (options.robustness_documents > 0) {
    CAIRN_ASSIGN(const Verdicts verdicts, fragile(records, pool, options, scorer, ledger));
    ledger.apply("robustness", verdicts, records);
  }
  ledger.apply("difficulty", curation::by_difficulty(records, options.difficulty), records);
  ledger.apply("balance",
               curation::beyond_task_share(records, options.training_items, options.task_ratio,
                                           options.seed),
               records);
  return PolicyFiltered{std::move(records), std::move(difficulty)};
}

}  // namespace cairn::filtering
