#include "plugins/synthesis/item.h"

#include <algorithm>
#include <set>

#include "core/base/digest.h"

namespace cairn::synthesis {

void DistractorPool::add(Candidate candidate) {
  groups_[candidate.group].push_back(candidates_.size());
  candidates_.push_back(std::move(candidate));
}

std::vector<const Candidate*> DistractorPool::draw(
    RandomStream& random, const std::string& group, std::int64_t count, std::int64_t bytes,
    const std::function<bool(const Candidate&)>& allowed) const {
  constexpr std::int64_t kDrawsPerDocument = 24;
  std::vector<const Candidate*> drawn;
  if (candidates_.empty()) return drawn;
  const auto same = groups_.find(group);
  std::set<std::size_t> tried;
  for (std::int64_t i = 0;
       i < count * kDrawsPerDocument && static_cast<std::int64_t>(drawn.size()) < count; ++i) {
    const bool alike =
        same != groups_.end() && i < count * kDrawsPerDocument / 2 && random.below(4) != 0;
    const std::size_t index =
        alike ? same->second[random.below(same->second.size())] : random.below(candidates_.size());
    if (!tried.insert(index).second) continue;
    const Candidate& candidate = candidates_[index];
    const auto size = static_cast<std::int64_t>(candidate.document->title.size() +
                                                candidate.document->text.size());
    if (size > bytes || !allowed(candidate)) continue;
    bytes -= size;
    drawn.push_back(&candidate);
  }
  return drawn;
}

text::ContextDocument context_document(const text::Document& document, bool evidence) {
  return {document.id, document.title, document.text, evidence};
}

std::int64_t context_bytes(const std::vector<text::ContextDocument>& documents) {
  std::size_t bytes = 0;
  for (const auto& document : documents) bytes += document.title.size() + document.text.size();
  return static_cast<std::int64_t>(bytes);
}

void finish_record(text::QaRecord& record, std::string_view prefix) {
  RandomStream positions(record.seed, "positions");
  positions.shuffle(record.documents);
  json::array evidence_at;
  json::array identity{json::string(record.question)};
  for (std::size_t i = 0; i < record.documents.size(); ++i) {
    if (record.documents[i].evidence) evidence_at.emplace_back(i);
    identity.emplace_back(record.documents[i].id);
  }
  for (const auto& choice : record.choices) identity.emplace_back(choice);
  for (const auto& answer : record.answer) identity.emplace_back(answer);
  record.provenance["evidence_positions"] = std::move(evidence_at);
  const Digest digest = digest_of(canonical_json(identity));
  record.id = std::string(prefix) + "-" + std::string(digest_hex(digest).substr(0, 16));
}

void sort_by_id(std::vector<text::QaRecord>& records) {
  std::sort(records.begin(), records.end(),
            [](const auto& a, const auto& b) { return a.id < b.id; });
}

}  // namespace cairn::synthesis
