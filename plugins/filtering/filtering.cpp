// Chooses what is trained on and what is evaluated (RECIPE §2 "Verification" and "Curation").
#include "core/sdk/plugin.h"
#include "plugins/filtering/policy_params.h"
#include "plugins/lib/curation/rules.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/device.h"
#include "plugins/lib/self_test/inputs.h"

namespace cairn {
namespace {

using curation::Records;

struct Filtering : Stage {
  Param<double> near_duplicate{this, "near_duplicate", 0.85,
                               "Likeness (Jaccard) of question and of evidence from which two "
                               "records with the same answer are duplicates",
                               Range{0.0, 1.0}};
  Param<std::int64_t> shingle_words{this, "shingle_words", 3, "Words in a shingle", Range{1, 64}};
  Param<std::int64_t> minhash_hashes{this, "minhash_hashes", 128,
                                     "Hash functions of a MinHash signature", Range{1, 4096}};
  Param<std::int64_t> minhash_bands{this, "minhash_bands", 32,
                                    "Bands of the signature; a divisor of minhash_hashes",
                                    Range{1, 4096}};
  Param<std::int64_t> question_ngram{this, "question_ngram", 5,
                                     "Words in an n-gram of questions for decontamination",
                                     Range{1, 64}};
  Param<std::int64_t> evidence_ngram{this, "evidence_ngram", 8,
                                     "Words in an n-gram of evidence for decontamination",
                                     Range{1, 64}};
  Param<double> contamination_share{this, "contamination_share", 0.8,
                                    "Shared part of the smaller n-gram set from which a record is "
                                    "too much like an evaluated one",
                                    Range{0.01, 1.0}};
  Param<std::int64_t> common_ngrams{this, "common_ngrams", 10,
                                    "N-grams of more records than this belong to a template and "
                                    "count for nothing",
                                    AtLeast{0}};
  Param<bool> split{this, "split", true,
                    "Split by document into training and held-out records; off: all is for "
                    "training"};
  Param<std::int64_t> heldout_items{this, "heldout_items", 0,
                                    "Held-out records, drawn evenly over the tasks; 0: all",
                                    AtLeast{0}};
  Param<double> answer_share{this, "answer_share", 0.3,
                             "Largest share of a template's records with one and the same answer",
                             Range{0.0, 1.0}};
  Param<std::int64_t> answer_share_min{this, "answer_share_min", 8,
                                       "Templates with fewer records have no limit on an answer",
                                       AtLeast{1}};
  Param<double> task_ratio{this, "task_ratio", 1.0,
                           "Largest task over smallest task in training: 1 makes them equal, 0 "
                           "sets no limit",
                           AtLeast{0}};
  Param<std::int64_t> items{this, "items", 0,
                            "Training records, drawn evenly over the tasks; 0: all", AtLeast{0}};
  filtering::PolicyParams with_policy{this};

  InputList<kind::Qa> qa{this, "qa", "Records to choose from"};
  Input<kind::Model> policy{
      this, "policy",
      "Model about to be trained: records are chosen by what it can answer, not by the "
      "rules of the first filter",
      Optional{}};
  Input<kind::Qa> evaluation{this, "evaluation",
                             "Records that are evaluated: nothing like them is kept for training",
                             Optional{}};
  Output<kind::Qa> training{this, "qa", "Records to train on"};
  Output<kind::Qa> heldout{
      this, "heldout",
      "Records to evaluate on, from documents that no training record has; with a policy, "
      "what `evaluation` brought"};
  Output<kind::Report> report{this, "report",
                              "JSON: counts by rule, task and reason, and every dropped record"};
  Metric kept{this, "training", "records", "Records to train on"};
  Metric held_out{this, "heldout", "records", "Records to evaluate on"};

  Result<void> run(StageContext& ctx) override;

 private:
  Result<Records> read_all() const;
  Result<curation::RuleOptions> rule_options(const StageContext& ctx) const;
  Result<void> by_rules(StageContext& ctx, Records records, const Records& evaluated,
                        const curation::RuleOptions& options);
  Result<void> by_policy(StageContext& ctx, Records records, Records evaluated,
                         const curation::RuleOptions& rules);
  // further: entries of the report beside the ledger's.
  Result<void> write(StageContext& ctx, const char* mode, const curation::Filtered& filtered,
                     const curation::Ledger& ledger, json::object further) const;
};

Result<Records> Filtering::read_all() const {
  Records all;
  for (const fs::path& path : qa.paths()) {
    CAIRN_ASSIGN(Records some, text::read_qa(path));
    std::ranges::move(some, std::back_inserter(all));
  }
  return all;
}

Result<curation::RuleOptions> Filtering::rule_options(const StageContext& ctx) const {
  if (*minhash_hashes % *minhash_bands != 0) {
    return invalid_argument(
        "minhash_hashes = " + std::to_string(*minhash_hashes) +
            " is no multiple of minhash_bands = " + std::to_string(*minhash_bands),
        "use 128 and 32, for example");
  }
  curation::RuleOptions options;
  options.near_duplicates = {static_cast<std::size_t>(*shingle_words),
                             *near_duplicate,
                             {static_cast<std::size_t>(*minhash_hashes),
                              static_cast<std::size_t>(*minhash_bands), ctx.seed()}};
  options.contamination = {static_cast<std::size_t>(*question_ngram),
                           static_cast<std::size_t>(*evidence_ngram), *contamination_share,
                           *common_ngrams};
  options.guess = {*answer_share, *answer_share_min, ctx.seed()};
  options.split = *split;
  options.heldout_items = *heldout_items;
  options.training_items = *items;
  options.task_ratio = *task_ratio;
  options.seed = ctx.seed();
  return options;
}

Result<void> Filtering::write(StageContext& ctx, const char* mode,
                              const curation::Filtered& filtered, const curation::Ledger& ledger,
                              json::object further) const {
  json::object account{{"mode", mode}};
  json::object counts = ledger.report(filtered.training, filtered.heldout);
  for (json::object* part : {&further, &counts}) {
    for (auto& [key, value] : *part) account[key] = std::move(value);
  }
  if (filtered.training.empty()) {
    return invalid_argument("no record is left to train on: " + ledger.summary(),
                            "loosen the rule that dropped most, or bring more records");
  }
  kept.record(ctx, 0, static_cast<double>(filtered.training.size()));
  held_out.record(ctx, 0, static_cast<double>(filtered.heldout.size()));
  ctx.info(std::to_string(filtered.training.size()) + " records to train on, " +
           std::to_string(filtered.heldout.size()) + " held out; dropped: " + ledger.summary());
  CAIRN_TRY(text::write_qa(training.path(), filtered.training));
  CAIRN_TRY(text::write_qa(heldout.path(), filtered.heldout));
  return real_file_system().write_atomic(report.path(), pretty_json(account));
}

Result<void> Filtering::by_rules(StageContext& ctx, Records records, const Records& evaluated,
                                 const curation::RuleOptions& options) {
  const std::uint64_t total = records.size();
  curation::Ledger ledger;
  CAIRN_ASSIGN(const curation::Filtered filtered,
               curation::filter_by_rules(std::move(records), evaluated, options, ledger));
  ctx.progress(total, total, "records");
  if (filtered.heldout.empty() && *split) {
    ctx.warn("no record is held out: bring records from more documents");
    ledger.note("no record is held out");
  }
  return write(ctx, "rules", filtered, ledger, {});
}

Result<void> Filtering::by_policy(StageContext& ctx, Records records, Records evaluated,
                                  const curation::RuleOptions& rules) {
  model::fix_threads(ctx.resources().cpus);
  CAIRN_ASSIGN(filtering::PolicyOptions options, with_policy.resolve(ctx.seed()));
  options.training_items = rules.training_items;
  options.task_ratio = rules.task_ratio;
  options.contamination = rules.contamination;
  CAIRN_ASSIGN(const model::Tokenizer tokenizer, model::Tokenizer::load(policy.path()));
  CAIRN_ASSIGN(const at::Device device, model::device_for_gpus(ctx.resources().gpus));
  CAIRN_ASSIGN(model::CausalLm asked, model::CausalLm::load(policy.path()));
  CAIRN_TRY(asked.move_to(device));
  filtering::Scorer scorer(ctx, asked, tokenizer, options.score);
  curation::Ledger ledger;
  CAIRN_ASSIGN(filtering::PolicyFiltered filtered,
               filtering::filter_by_policy(std::move(records), evaluated, options, scorer, ledger));
  if (!evaluation.present()) {
    ledger.note("no record is held out: the input `evaluation` is not given");
  }
  return write(ctx, "policy", {std::move(filtered.training), std::move(evaluated)}, ledger,
               std::move(filtered.difficulty));
}

Result<void> Filtering::run(StageContext& ctx) {
  CAIRN_ASSIGN(const curation::RuleOptions options, rule_options(ctx));
  CAIRN_ASSIGN(Records records, read_all());
  Records evaluated;
  if (evaluation.present()) {
    CAIRN_ASSIGN(evaluated, text::read_qa(evaluation.path()));
  }
  if (policy.present()) return by_policy(ctx, std::move(records), std::move(evaluated), options);
  return by_rules(ctx, std::move(records), evaluated, options);
}

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::Filtering>(
                 "filtering",
                 "Drops duplicates, leaks and what can be guessed; splits and balances")
                 .random()
                 .self_test([](cairn::SelfTest& test) {
                   return cairn::self_test::give_questions(test, "qa");
                 }))
