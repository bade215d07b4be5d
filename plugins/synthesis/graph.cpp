#include "plugins/synthesis/graph.h"

#include <algorithm>

namespace cairn::synthesis {
namespace {

// A code rather than a quantity: it has a letter, or it is written with leading zeros.
bool is_code(const std::string& text) {
  return (text.size() > 1 && text.front() == '0') || std::ranges::any_of(text, [](unsigned char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c >= 0x80;
         });
}

// Codes of one kind are mostly recognised one by one; what is left has their width.
bool are_codes(const std::vector<std::string>& texts) {
  const auto codes = std::ranges::count_if(texts, is_code);
  return codes == static_cast<std::ptrdiff_t>(texts.size()) ||
         (codes * 20 >= static_cast<std::ptrdiff_t>(texts.size()) &&
          std::ranges::all_of(
              texts, [&](const auto& text) { return text.size() == texts.front().size(); }));
}

}  // namespace

IdentifierKeys IdentifierKeys::learn(const std::vector<const Record*>& records,
                                     std::size_t min_records) {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> objects;
  for (const Record* record : records) {
    for (std::size_t i = 1; i < record->facts.size(); ++i) {
      const Fact& fact = record->facts[i];
      objects[{relation_cluster(record->type), relation_cluster(fact.relation)}].push_back(
          entity_cluster(fact.object));
    }
  }
  std::set<std::string> subjects;
  for (const Record* record : records) subjects.insert(entity_cluster(record->subject));
  IdentifierKeys identifiers;
  for (auto& [key, values] : objects) {
    const auto links =
        std::ranges::count_if(values, [&](const auto& value) { return subjects.contains(value); });
    if (static_cast<std::size_t>(links) * 2 > values.size()) continue;
    if (values.size() < min_records || !are_codes(values)) continue;
    std::ranges::sort(values);
    if (std::ranges::adjacent_find(values) == values.end()) identifiers.keys_.insert(key);
  }
  return identifiers;
}

bool IdentifierKeys::names_entity(const Record& record, const Fact& fact) const {
  return keys_.contains({relation_cluster(record.type), relation_cluster(fact.relation)});
}

Graph::Graph(const std::vector<const Record*>& records, const IdentifierKeys& identifiers)
    : Graph(identifiers) {
  for (const Record* record : records) add(*record);
}

void Graph::add(const Record& record) {
  records_.push_back(&record);
  std::set<std::string> names{entity_cluster(record.subject),
                              entity_cluster(record.document->title)};
  for (const auto& name : names)
    if (!name.empty()) names_[name].push_back(&record);
  for (const Fact& fact : record.facts)
    if (identifiers_->names_entity(record, fact)) codes_[fact.object].push_back(&record);
}

std::vector<const Record*> Graph::named(const std::string& name) const {
  std::vector<const Record*> records;
  if (const auto found = names_.find(entity_cluster(name)); found != names_.end())
    records = found->second;
  if (const auto found = codes_.find(name); found != codes_.end()) {
    for (const Record* record : found->second)
      if (std::ranges::find(records, record) == records.end()) records.push_back(record);
  }
  return records;
}

std::vector<const Record*> Graph::having(const std::string& relation,
                                         const std::string& object) const {
  std::vector<const Record*> holders;
  for (const Record* record : records_) {
    const Fact* fact = find_fact(*record, relation);
    if (fact != nullptr && entity_cluster(fact->object) == entity_cluster(object))
      holders.push_back(record);
  }
  return holders;
}

const Fact* find_fact(const Record& record, const std::string& relation) {
  const std::string cluster = relation_cluster(relation);
  for (const Fact& fact : record.facts)
    if (relation_cluster(fact.relation) == cluster) return &fact;
  return nullptr;
}

std::optional<std::string> answerable(const Graph& graph, const GraphQuestion& question) {
  std::vector<const Record*> at = question.start_relation.empty()
                                      ? graph.named(question.start)
                                      : graph.having(question.start_relation, question.start);
  if (!question.start_type.empty()) {
    std::erase_if(at, [&](const Record* record) {
      return relation_cluster(record->type) != relation_cluster(question.start_type);
    });
  }
  for (std::size_t step = 0; step < question.relations.size(); ++step) {
    // Where a name stands for several records, those that lack the relation are not meant.
    std::erase_if(at, [&](const Record* record) {
      return find_fact(*record, question.relations[step]) == nullptr;
    });
    if (at.size() != 1) return std::nullopt;
    const std::string& object = find_fact(*at.front(), question.relations[step])->object;
    if (step + 1 == question.relations.size()) return object;
    at = graph.named(object);
  }
  return std::nullopt;
}

}  // namespace cairn::synthesis
