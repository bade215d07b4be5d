#include "plugins/lib/memory/agent.h"

#include <algorithm>

#include "core/base/text.h"

namespace cairn::memory {
namespace {

constexpr std::string_view kMemory = "Memory: ";
constexpr std::string_view kPlan = "Plan: ";
constexpr const char* kNothing = "nothing yet";
constexpr const char* kSearch = "search";
constexpr const char* kAnswer = "answer";
constexpr const char* kUpdate = "Update the memory.";

text::QaRecord with_documents(const text::QaRecord& record,
                              const std::vector<text::ContextDocument>& documents) {
  text::QaRecord part = record;
  part.documents = documents;
  return part;
}

}  // namespace

Notes nothing_yet() {
  return {kNothing, kSearch};
}

std::vector<std::vector<text::ContextDocument>> chunks_of(const text::QaRecord& record,
                                                          std::size_t budget,
                                                          const Length& length) {
  std::vector<std::vector<text::ContextDocument>> chunks(1);
  std::size_t used = 0;
  for (const auto& document : record.documents) {
    const std::size_t size = length(text::render_documents(with_documents(record, {document})));
    if (!chunks.back().empty() && used + size > budget) {
      chunks.emplace_back();
      used = 0;
    }
    chunks.back().push_back(document);
    used += size;
  }
  return chunks;
}

std::string chunk_prompt(const text::QaRecord& record,
                         const std::vector<text::ContextDocument>& chunk, const Notes& notes) {
  return text::render_documents(with_documents(record, chunk)) + render_notes(notes) + "\n" +
         text::render_question(record) + "\n" + kUpdate;
}

std::string answer_prompt(const text::QaRecord& record, const Notes& notes) {
  std::string prompt = std::string(kMemory) + notes.memory + "\n" + text::render_question(record);
  if (!record.format_instruction.empty()) prompt += "\n" + record.format_instruction;
  return prompt;
}

std::string render_notes(const Notes& notes) {
  return std::string(kMemory) + notes.memory + "\n" + std::string(kPlan) + notes.plan;
}

Notes parse_notes(std::string_view response) {
  Notes notes;
  if (const auto at = response.find(kMemory); at != std::string_view::npos)
    response.remove_prefix(at + kMemory.size());
  const auto plan = response.rfind(kPlan);
  if (plan != std::string_view::npos) notes.plan = trim(response.substr(plan + kPlan.size()));
  notes.memory = trim(response.substr(0, plan));
  return notes;
}

std::vector<Demonstration> demonstrate(const text::QaRecord& record, std::size_t budget,
                                       const Length& length) {
  std::vector<Demonstration> turns;
  auto missing = std::count_if(record.documents.begin(), record.documents.end(),
                               [](const auto& document) { return document.evidence; });
  Notes notes = nothing_yet();
  std::string found;
  for (const auto& chunk : chunks_of(record, budget, length)) {
    Demonstration turn{chunk_prompt(record, chunk, notes), {}};
    for (const auto& document : chunk) {
      if (!document.evidence) continue;
      found += (found.empty() ? "" : "\n") + document.text;
      --missing;
    }
    notes = {found.empty() ? kNothing : found, missing == 0 ? kAnswer : kSearch};
    turn.response = render_notes(notes);
    turns.push_back(std::move(turn));
  }
  if (!record.answer.empty())
    turns.push_back({answer_prompt(record, notes), text::answer_sentence(record.answer.front())});
  return turns;
}

}  // namespace cairn::memory
