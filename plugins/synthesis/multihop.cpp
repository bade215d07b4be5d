#include "plugins/synthesis/multihop.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "plugins/synthesis/walk.h"

namespace cairn::synthesis {
namespace {

// The words of a question: S is how the entity is called, 1 to 3 the relations.
const std::vector<std::string>& templates(std::size_t relations) {
  static const std::vector<std::vector<std::string>> kTemplates = {
      {"What is the 1 of S?", "Tell the 1 of S."},
      {"What is the 2 of the 1 of S?", "Find the 1 of S. What is its 2?",
       "S has a 1. Tell the 2 of that 1."},
      {"What is the 3 of the 2 of the 1 of S?", "Find the 2 of the 1 of S. What is its 3?"}};
  return kTemplates[std::min(relations, kTemplates.size()) - 1];
}

std::string fill(const std::string& words, const std::string& subject,
                 const std::vector<std::string>& relations) {
  std::string question;
  for (const char c : words) {
    const auto index = static_cast<std::size_t>(c - '1');
    if (c == 'S') {
      question += subject;
    } else if (c >= '1' && c <= '9' && index < relations.size()) {
      question += relations[index];
    } else {
      question += c;
    }
  }
  return question;
}

json::array chain_to_json(const Path& path) {
  json::array chain;
  const auto add = [&](const Record& record, const Fact& fact) {
    chain.push_back(json::object{{"document", record.document->id},
                                 {"subject", record.subject},
                                 {"relation", fact.relation},
                                 {"object", fact.object},
                                 {"span", json::array{fact.begin, fact.end}}});
  };
  if (path.description != nullptr) add(*path.nodes.front(), *path.description);
  for (std::size_t i = 0; i < path.nodes.size(); ++i) add(*path.nodes[i], *path.facts[i]);
  return chain;
}

json::object question_to_json(const GraphQuestion& question) {
  json::array relations;
  for (const auto& relation : question.relations) relations.emplace_back(relation);
  return {{"start", question.start},
          {"start_type", question.start_type},
          {"start_relation", question.start_relation},
          {"relations", std::move(relations)}};
}

// Paths of each kind in a drawn order, the kinds taking turns: no kind fills the dataset.
std::vector<Path> interleave(std::vector<Path> paths, RandomStream random) {
  random.shuffle(paths);
  std::map<std::string, std::vector<Path>> kinds;
  for (auto& path : paths) kinds[path.kind()].push_back(std::move(path));
  std::vector<Path> order;
  for (std::size_t turn = 0; order.size() < paths.size(); ++turn)
    for (auto& [kind, members] : kinds)
      if (turn < members.size()) order.push_back(std::move(members[turn]));
  return order;
}

class Maker {
 public:
  Maker(const std::vector<Record>& records, const MultihopOptions& options)
      : options_(options),
        all_(pointers(records)),
        identifiers_(IdentifierKeys::learn(all_)),
        counts_(all_),
        kinds_(all_, Graph(all_, identifiers_)) {
    for (const Record& record : records) by_id_[record.document->id] = &record;
  }

  Result<Synthesis> make() {
    for (const bool held : {false, true}) CAIRN_TRY(make_side(held));
    sort_by_id(result_.records);
    return std::move(result_);
  }

 private:
  static std::vector<const Record*> pointers(const std::vector<Record>& records) {
    std::vector<const Record*> pointers;
    for (const Record& record : records) pointers.push_back(&record);
    return pointers;
  }

  Result<void> make_side(bool held) {
    std::vector<const Record*> side;
    DistractorPool pool;
    for (const Record* record : all_) {
      if (record->held_out != held) continue;
      side.push_back(record);
      pool.add({record->document, record->document->domain + "/" + record->type, record->folded});
    }
    Audit& audit = result_.audit;
    const std::string name = held ? "held_out" : "trained";
    const Graph graph(side, identifiers_);
    auto across =
        interleave(cross_document_paths(side, graph, kinds_, counts_, options_.paths, audit),
                   RandomStream(options_.seed, "multihop/across", {held}));
    auto single = interleave(single_document_paths(side, counts_, options_.paths, audit),
                             RandomStream(options_.seed, "multihop/single", {held}));
    audit.count(name + "/records", static_cast<std::int64_t>(side.size()));
    audit.count(name + "/paths_across_documents", static_cast<std::int64_t>(across.size()));
    const std::int64_t wanted = held ? options_.wanted.held_out_items : options_.wanted.items;
    const auto alone =
        static_cast<std::int64_t>(std::floor(static_cast<double>(wanted) * options_.single_share));
    CAIRN_ASSIGN(const std::int64_t made, take(across, wanted - alone, pool, held, "across"));
    CAIRN_TRY(take(single, std::min(alone, made), pool, held, "single"));
    return {};
  }

  Result<std::int64_t> take(const std::vector<Path>& paths, std::int64_t wanted,
                            const DistractorPool& pool, bool held, const std::string& what) {
    const Walk walk{options_.seed, "multihop",        "/" + what, held,
                    paths.size(),  options_.variants, wanted};
    const auto make = [&](std::size_t path, std::size_t wording, std::uint64_t seed) {
      return Result(make_item(paths[path], wording, pool, seed));
    };
    CAIRN_ASSIGN(const std::int64_t made, make_items(walk, make, ids_, result_));
    result_.audit.count(std::string(held ? "held_out" : "trained") + "/" + what, made);
    return made;
  }

  std::optional<text::QaRecord> make_item(const Path& path, std::size_t wording,
                                          const DistractorPool& pool, std::uint64_t seed);
  bool verify(const text::QaRecord& record, const GraphQuestion& question, const Path& path);
  Graph context_graph(const text::QaRecord& record, std::size_t without) const;

  const MultihopOptions& options_;
  std::vector<const Record*> all_;
  IdentifierKeys identifiers_;
  FactCounts counts_;
  LinkKinds kinds_;
  std::map<std::string, const Record*> by_id_;
  std::set<std::string> ids_;
  Synthesis result_;
};

// A fact that describes the entity in place of its name (obfuscation): neither the one the path
// follows nor a common one.
const Fact* describe(const Path& path, const FactCounts& counts, RandomStream& random,
                     std::int64_t max_bytes) {
  std::vector<const Fact*> usable;
  const Record& first = *path.nodes.front();
  for (std::size_t i = 1; i < first.facts.size(); ++i) {
    const Fact& fact = first.facts[i];
    if (&fact != path.facts.front() && static_cast<std::int64_t>(fact.object.size()) <= max_bytes &&
        counts.share(first, fact) <= 0.2)
      usable.push_back(&fact);
  }
  return usable.empty() ? nullptr : usable[random.below(usable.size())];
}

std::optional<text::QaRecord> Maker::make_item(const Path& path, std::size_t wording,
                                               const DistractorPool& pool, std::uint64_t seed) {
  RandomStream random(seed, "item");
  const Record& first = *path.nodes.front();
  const Fact* description = path.description;
  if (description == nullptr && random.uniform() < options_.obfuscate_share)
    description = describe(path, counts_, random, options_.paths.max_answer_bytes);

  GraphQuestion question;
  question.start = description == nullptr ? first.subject : description->object;
  if (description != nullptr) {
    question.start_type = first.type;
    question.start_relation = description->relation;
  }
  for (const Fact* fact : path.facts) question.relations.push_back(fact->relation);

  text::QaRecord record;
  record.task = "multihop";
  record.question_type = "multi-fact";
  record.domain = first.document->domain;
  record.seed = seed;
  record.format_instruction = kFormatInstruction;
  record.answer = {path.answer()};
  for (const Record* node : path.nodes)
    record.documents.push_back(context_document(*node->document, true));
  const auto evidence = static_cast<std::int64_t>(path.nodes.size());
  const std::int64_t bytes = options_.context.max_bytes - context_bytes(record.documents);
  if (bytes < 0 || evidence > options_.context.max_documents) {
    result_.audit.reject("evidence too long for the context");
    return std::nullopt;
  }
  const std::int64_t least = std::max(options_.context.min_documents, evidence);
  const auto total =
      least + static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(
                  std::max<std::int64_t>(options_.context.max_documents, least) - least + 1)));
  const std::string answer = fold(path.answer());
  const std::string start = fold(question.start);
  const auto allowed = [&](const Candidate& candidate) {
    return !mentions(candidate.folded, answer) && !mentions(candidate.folded, start) &&
           std::ranges::none_of(path.nodes, [&](const Record* node) {
             return node->document == candidate.document;
           });
  };
  for (const Candidate* distractor : pool.draw(random, first.document->domain + "/" + first.type,
                                               total - evidence, bytes, allowed))
    record.documents.push_back(context_document(*distractor->document, false));

  const auto& words = templates(question.relations.size());
  const std::size_t which = wording % words.size();
  const std::string subject =
      description == nullptr
          ? first.subject
          : "the " + first.type + " whose " + description->relation + " is " + description->object;
  record.question = fill(words[which], subject, question.relations);
  if (!verify(record, question, path)) return std::nullopt;
  const std::string kind =
      path.nodes.size() > 1 ? std::to_string(path.nodes.size()) + "hop" : "described";
  Path shown = path;
  shown.description = description;
  record.provenance = {{"template", kind + "/" + std::to_string(which)},
                       {"roles", json::object{{"extractor", "rules"}, {"proposer", "rules"}}},
                       {"chain", chain_to_json(shown)},
                       {"graph_question", question_to_json(question)},
                       {"documents_needed", path.nodes.size()},
                       {"obfuscated", path.nodes.size() > 1 && description != nullptr}};
  finish_record(record, "multihop");
  return record;
}

Graph Maker::context_graph(const text::QaRecord& record, std::size_t without) const {
  Graph graph(identifiers_);
  for (std::size_t i = 0; i < record.documents.size(); ++i)
    if (i != without) graph.add(*by_id_.at(record.documents[i].id));
  return graph;
}

bool Maker::verify(const text::QaRecord& record, const GraphQuestion& question, const Path& path) {
  if (answerable(context_graph(record, record.documents.size()), question) != path.answer()) {
    result_.audit.reject("ambiguous in its context");
    return false;
  }
  for (std::size_t i = 0; i < path.nodes.size(); ++i) {
    if (!answerable(context_graph(record, i), question)) continue;
    result_.audit.reject("answerable without one of its documents");
    return false;
  }
  if (path.nodes.size() > 1) result_.audit.count("needs_every_document");
  return true;
}

}  // namespace

Result<GraphQuestion> graph_question(const json::object& provenance) {
  CAIRN_ASSIGN(const json::object* object, get_object(provenance, "graph_question"));
  GraphQuestion question;
  CAIRN_ASSIGN(question.start, get_string(*object, "start"));
  CAIRN_ASSIGN(question.start_type, get_string(*object, "start_type"));
  CAIRN_ASSIGN(question.start_relation, get_string(*object, "start_relation"));
  CAIRN_ASSIGN(const json::array* relations, get_array(*object, "relations"));
  for (const auto& relation : *relations) {
    if (!relation.is_string()) return invalid_argument("a relation is no string");
    question.relations.emplace_back(relation.as_string());
  }
  return question;
}

Result<Synthesis> make_multihop(const std::vector<text::Document>& documents,
                                const MultihopOptions& options) {
  const std::vector<Record> records = parse_records(documents);
  CAIRN_ASSIGN(Synthesis result, Maker(records, options).make());
  CAIRN_TRY(check_enough(result.records, options.wanted, result.audit));
  return result;
}

}  // namespace cairn::synthesis
