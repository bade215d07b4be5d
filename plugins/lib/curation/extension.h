// A record among more documents than it needs: does the answer survive (RECIPE §2 "Extension")?
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "plugins/lib/curation/ledger.h"
#include "plugins/lib/curation/shingles.h"

namespace cairn::curation {

// Documents of all records, each with what tells whether it is irrelevant to another one.
class DocumentPool {
 public:
  explicit DocumentPool(const Records& records);

  // `record` with `count` further documents as distractors, or nothing where the pool has too few.
  // A document is irrelevant, and only then taken, when
  //   - no record of the same domain has it, so that counts and maxima over a table stay what they
  //     are;
  //   - neither its id nor its text stands in the record;
  //   - it holds, as whole words, none of the accepted answers and no title of the evidence;
  //   - less than half of the evidence's n-grams stand in it.
  // Which ones, and where they go between the others, is drawn from record.seed and `seed`.
  [[nodiscard]] std::optional<text::QaRecord> extend(const text::QaRecord& record,
                                                     std::size_t count, std::uint64_t seed) const;

 private:
  struct Entry {
    text::ContextDocument document;
    std::string normal_text;
    std::string normal_all;  // with its title
    ShingleSet shingles;
    std::set<std::string> domains;
  };
  std::vector<Entry> entries_;  // by id
};

}  // namespace cairn::curation
