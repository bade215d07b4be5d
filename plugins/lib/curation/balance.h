// How many of each kind stay: answers of a template, tasks, difficulty bins. Which ones is drawn by
// keys made of the seed and the record's id, so it depends neither on order nor on other records.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "plugins/lib/curation/ledger.h"

namespace cairn::curation {

// The largest cap m such that, of counts cut at m, none exceeds `share` of their sum. Where fewer
// than 1 / share counts make that impossible: the least count, which makes them equal.
[[nodiscard]] std::int64_t share_cap(const std::vector<std::int64_t>& counts, double share);

// `total` spread evenly over groups that have `available` each; what a small group cannot give is
// spread over the others, the remainder one each in the given order. total <= 0: all there is.
[[nodiscard]] std::vector<std::int64_t> spread(const std::vector<std::int64_t>& available,
                                               std::int64_t total);

// The indexes 0..ids.size() in an order drawn from (seed, purpose, id).
[[nodiscard]] std::vector<std::size_t> drawn_order(const std::vector<std::string>& ids,
                                                   std::uint64_t seed, std::string_view purpose);

// The template a record's question was made from: provenance.template, else task and question type.
[[nodiscard]] std::string template_of(const text::QaRecord& record);

// The questions' own templates, found in their words: what occurs in fewer than `common` questions
// (names, titles, numbers) becomes a gap. "What is the Section of hello?" and "... of bash?" have
// one shape, "... Priority of bash?" another: what somebody sees who knows the questions' kinds and
// none of the documents.
[[nodiscard]] std::vector<std::string> question_shapes(const Records& records, std::int64_t common);

struct GuessOptions {
  double share = 0.3;            // of a template that one answer may make
  std::int64_t min_records = 8;  // smaller templates have no answer worth guessing
  std::uint64_t seed = 0;
};

// Grounding without a model: who knows the most frequent answer of every template, or of every
// shape of question, gets at most `share` of it right (an equal part where it has fewer answers
// than that takes). min_records is also the `common` of question_shapes().
//   "most frequent answer"   drawn from those of an answer above its share
//   "most frequent letter"   the same for the letter of multiple choice, whatever it stands for
//   "one answer to the template"  every record of the template has it
[[nodiscard]] Verdicts guessable(const Records& records, const GuessOptions& options);

// "more of this task than wanted": `total` records spread over the tasks as by spread(), and none
// of the tasks with more than `ratio` times the records of the smallest. 0 lifts either limit.
[[nodiscard]] Verdicts beyond_task_share(const Records& records, std::int64_t total, double ratio,
                                         std::uint64_t seed);

}  // namespace cairn::curation
