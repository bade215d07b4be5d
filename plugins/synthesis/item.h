// From a question with its evidence to a record: distractors, positions, identity
// (RECIPE §2 "Extension").
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "plugins/lib/text/records.h"

namespace cairn::synthesis {

// What every answer is written after; the same for all tasks.
inline constexpr const char* kFormatInstruction = "Reply: The answer is X.";

struct ContextLimits {
  std::int64_t min_documents = 1;  // evidence included
  std::int64_t max_documents = 5;
  std::int64_t max_bytes = 800;  // of all texts and titles; evidence alone may exceed no more
};

// A document that may stand beside the evidence.
struct Candidate {
  const text::Document* document = nullptr;
  std::string group;   // documents of one group look alike: domain and type
  std::string folded;  // of title and text, ASCII lower case
};

// Documents of one side of the partition, to draw distractors from.
class DistractorPool {
 public:
  void add(Candidate candidate);
  [[nodiscard]] const std::vector<Candidate>& all() const { return candidates_; }

  // Up to `count` distinct documents that `allowed` accepts and whose texts fit into `bytes`:
  // three in four drawn from the same group, the rest from the whole pool.
  [[nodiscard]] std::vector<const Candidate*> draw(
      RandomStream& random, const std::string& group, std::int64_t count, std::int64_t bytes,
      const std::function<bool(const Candidate&)>& allowed) const;

 private:
  std::vector<Candidate> candidates_;
  std::map<std::string, std::vector<std::size_t>> groups_;
};

[[nodiscard]] text::ContextDocument context_document(const text::Document& document, bool evidence);
[[nodiscard]] std::int64_t context_bytes(const std::vector<text::ContextDocument>& documents);

// Shuffles the record's documents by its own seed, records their order in the provenance, and sets
// id: PREFIX-16 hex digits of a digest over question, choices, answer and documents.
void finish_record(text::QaRecord& record, std::string_view prefix);

void sort_by_id(std::vector<text::QaRecord>& records);

}  // namespace cairn::synthesis
