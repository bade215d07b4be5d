// RULES filters (RECIPE §2): what a document must be like to enter the corpus.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::corpus {

struct Rules {
  std::int64_t min_characters = 40;  // code points of the text
  std::int64_t max_characters = 220;
  std::int64_t min_lines = 3;
  std::int64_t max_lines = 7;
  std::int64_t max_title = 32;  // code points
  std::int64_t max_value = 24;  // code points after "Key: ", except the first line's
  double max_symbols = 0.4;     // share of code points that are no letter, digit or white space
  double max_repetition = 0.5;  // share of words that stood in the text before
  double min_latin = 0.9;       // share of letters from the Latin script
  std::vector<std::string> boilerplate;  // phrases that no document may hold, in lower case
};

// Decides on documents one after another; an id, title or text may come once.
// Not thread-safe.
class Filter {
 public:
  explicit Filter(Rules rules) : rules_(std::move(rules)) {}
  // "" keeps the document and remembers it; else why it is dropped.
  [[nodiscard]] std::string reason_to_drop(const text::Document& document);

 private:
  [[nodiscard]] std::string against_shape(const text::Document& document) const;
  Rules rules_;
  std::set<std::string> ids_, titles_, texts_;
};

}  // namespace cairn::corpus
