// Lookups in the records' own documents, beside the questions of the dataset. A short record gives
// one supervised answer for all of its context, and often a guess will do; these give many, which
// is what a model that starts from nothing needs to learn to look things up (cf. multi-query
// recall, arXiv 2312.04927, and entity substitution, arXiv 2109.05052).
#pragma once

#include "plugins/sft/examples.h"

namespace cairn::sft {

struct Field {
  std::string key;
  std::string value;
};
struct Sheet {
  std::string subject;  // title of its document
  std::vector<Field> fields;
};
// The record's documents that are "key: value" lines throughout, each key once. Tables and
// conversations are none.
[[nodiscard]] std::vector<Sheet> sheets_of(const text::QaRecord& record);

// The same sheets with every value and every subject replaced by letters and digits drawn at
// random, so that only reading finds an answer.
[[nodiscard]] std::vector<Sheet> substituted(std::vector<Sheet> sheets, RandomStream& draw);

// Adds to every training example up to `turns` turns that ask for a field of the sheets of its
// record, drawn without repetition; returns how many were added in all.
[[nodiscard]] Result<std::int64_t> add_drills(const std::vector<text::QaRecord>& records,
                                              const model::Tokenizer& tokenizer, std::int64_t turns,
                                              RandomStream draw, ExampleSet& set);

// Adds one example for each of `share` of the records, drawn at random, that is not held out and
// has sheets: its sheets, substituted, a request to repeat one of them, and `turns` lookups.
// Returns how many. Prompts over max_input are left out.
[[nodiscard]] Result<std::int64_t> add_substituted(const std::vector<text::QaRecord>& records,
                                                   const model::Tokenizer& tokenizer, double share,
                                                   std::int64_t turns, std::int64_t max_input,
                                                   RandomStream draw, ExampleSet& set);

// Adds `count` examples: 8 to 48 tokens of the vocabulary in random order, to be repeated. Copying
// is learned soonest where nothing else helps (cf. repeated random tokens, arXiv 2209.11895).
[[nodiscard]] Result<void> add_repeats(const model::Tokenizer& tokenizer, std::int64_t count,
                                       RandomStream draw, ExampleSet& set);

}  // namespace cairn::sft
