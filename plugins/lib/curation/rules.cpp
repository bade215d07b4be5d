#include "plugins/lib/curation/rules.h"

#include <algorithm>

#include "plugins/lib/curation/shingles.h"

namespace cairn::curation {
namespace {

void split_off_heldout(Records& records, Records& heldout) {
  const auto held = std::ranges::stable_partition(
      records, [](const text::QaRecord& record) { return side_of(record) == Side::kTraining; });
  heldout.assign(std::make_move_iterator(held.begin()), std::make_move_iterator(held.end()));
  records.erase(held.begin(), held.end());
}

}  // namespace

Verdicts unanswered(const Records& records) {
  Verdicts verdicts(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (canonical_answer_key(records[i]).empty()) verdicts[i].reason = "no accepted answer";
  }
  return verdicts;
}

Result<Filtered> filter_by_rules(Records records, const Records& evaluation,
                                 const RuleOptions& options, Ledger& ledger) {
  std::ranges::stable_sort(records, {}, &text::QaRecord::id);
  ledger.open(records);
  ledger.apply("answer", unanswered(records), records);
  CAIRN_ASSIGN(const Verdicts exact, exact_duplicates(records));
  ledger.apply("exact_duplicate", exact, records);
  ledger.apply("near_duplicate", near_duplicates(records, options.near_duplicates), records);

  Records heldout;
  if (options.split) {
    ledger.apply("split", split_verdicts(records), records);
    split_off_heldout(records, heldout);
    ledger.apply("heldout_guess", guessable(heldout, options.guess), heldout);
    ledger.apply("heldout_draw", beyond_task_share(heldout, options.heldout_items, 0, options.seed),
                 heldout);
  }
  Records evaluated = heldout;
  evaluated.insert(evaluated.end(), evaluation.begin(), evaluation.end());
  if (!options.split) heldout = evaluation;
  ledger.apply("contamination", contaminated(records, evaluated, options.contamination), records);
  ledger.apply("guess", guessable(records, options.guess), records);
  ledger.apply("balance",
               beyond_task_share(records, options.training_items, options.task_ratio, options.seed),
               records);
  return Filtered{std::move(records), std::move(heldout)};
}

}  // namespace cairn::curation
