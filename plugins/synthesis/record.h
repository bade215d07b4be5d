// Facts in record documents: lines `Key: value`, the first of which names the entity (RECIPE §2,
// "extract (subject, relation, object, evidence span) triples per document").
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plugins/lib/text/records.h"

namespace cairn::synthesis {

// One line of a record. The subject is the record's.
struct Fact {
  std::string relation;   // the key as written
  std::string object;     // the value as written, trimmed
  std::size_t begin = 0;  // the line's bytes in the document's text
  std::size_t end = 0;
};

struct Record {
  const text::Document* document = nullptr;  // outlives the record
  std::string type;                          // key of the first line: Package, Country, ...
  std::string subject;                       // value of the first line
  std::vector<Fact> facts;                   // the first line is facts[0]
  std::string folded;                        // fold() of title and text
  bool held_out = false;                     // text::held_out of the document's id
};

// Nothing where a line is no `Key: value`, a key comes twice, or there are fewer than two lines.
[[nodiscard]] std::optional<Record> parse_record(const text::Document& document);
// All records among the documents, in their order.
[[nodiscard]] std::vector<Record> parse_records(const std::vector<text::Document>& documents);

// Two keys are paraphrases of one relation when these are equal: ASCII lower case, only letters
// and digits, without a plural s.
[[nodiscard]] std::string relation_cluster(std::string_view key);
// Two names are aliases of one entity when these are equal: ASCII lower case, white space runs made
// one space, without what follows in parentheses.
[[nodiscard]] std::string entity_cluster(std::string_view name);

// ASCII lower case.
[[nodiscard]] std::string fold(std::string_view text);
// Whether phrase stands in text between characters that are no letters or digits; both folded.
[[nodiscard]] bool mentions(std::string_view folded_text, std::string_view folded_phrase);

}  // namespace cairn::synthesis
