#include "plugins/synthesis/paths.h"

#include <algorithm>

namespace cairn::synthesis {
namespace {

struct Link {
  const Fact* fact = nullptr;
  const Record* target = nullptr;
};
using Links = std::map<const Record*, std::vector<Link>>;

// The one other record that a fact names, if there is exactly one.
const Record* target_of(const Record& record, const Fact& fact, const Graph& graph) {
  const auto targets = graph.named(fact.object);
  return targets.size() == 1 && targets.front() != &record ? targets.front() : nullptr;
}

Links find_links(const std::vector<const Record*>& records, const Graph& graph,
                 const LinkKinds& kinds) {
  Links links;
  for (const Record* record : records) {
    for (std::size_t i = 1; i < record->facts.size(); ++i) {
      const Fact& fact = record->facts[i];
      const Record* target = target_of(*record, fact, graph);
      if (target != nullptr && kinds.has(*record, fact, *target))
        links[record].push_back({&fact, target});
    }
  }
  return links;
}

// An empty string where the fact may be asked for, else why not.
std::string refuse_answer(const Record& record, const Fact& fact, const FactCounts& counts,
                          const PathLimits& limits) {
  if (static_cast<std::int64_t>(fact.object.size()) > limits.max_answer_bytes)
    return "answer too long";
  if (counts.count(record, fact) > 2 && counts.share(record, fact) > limits.max_fact_share)
    return "common fact";
  return {};
}

class Walker {
 public:
  Walker(const Links& links, const FactCounts& counts, const PathLimits& limits, Audit& audit)
      : links_(links), counts_(counts), limits_(limits), audit_(audit) {}

  void walk(const Record& start) {
    path_ = {};
    path_.nodes.push_back(&start);
    follow();
  }
  std::vector<Path> take() { return std::move(paths_); }

 private:
  void follow() {
    const auto found = links_.find(path_.nodes.back());
    if (found == links_.end()) return;
    for (const Link& link : found->second) {
      if (std::ranges::find(path_.nodes, link.target) != path_.nodes.end()) continue;
      path_.facts.push_back(link.fact);
      path_.nodes.push_back(link.target);
      end_here();
      if (static_cast<std::int64_t>(path_.nodes.size()) < limits_.max_hops) follow();
      path_.nodes.pop_back();
      path_.facts.pop_back();
    }
  }

  void end_here() {
    const Record& last = *path_.nodes.back();
    const Fact& by = *path_.facts.back();
    for (const Fact& fact : last.facts) {
      if (entity_cluster(fact.object) == entity_cluster(by.object)) continue;
      if (relation_cluster(fact.relation) == relation_cluster(by.relation)) continue;
      if (const std::string why = refuse_answer(last, fact, counts_, limits_); !why.empty()) {
        audit_.reject(why);
        continue;
      }
      const std::string answer = fold(fact.object);
      if (std::any_of(path_.nodes.begin(), path_.nodes.end() - 1,
                      [&](const Record* node) { return mentions(node->folded, answer); })) {
        audit_.reject("answer stands in an earlier document of the path");
        continue;
      }
      paths_.push_back(path_);
      paths_.back().facts.push_back(&fact);
    }
  }

  const Links& links_;
  const FactCounts& counts_;
  const PathLimits& limits_;
  Audit& audit_;
  Path path_;
  std::vector<Path> paths_;
};

}  // namespace

std::string Path::kind() const {
  std::string kind = description == nullptr ? "" : relation_cluster(description->relation) + "=>";
  for (std::size_t i = 0; i < nodes.size(); ++i)
    kind += nodes[i]->type + "." + relation_cluster(facts[i]->relation) + ">";
  return kind;
}

FactCounts::FactCounts(const std::vector<const Record*>& records) {
  for (const Record* record : records) {
    for (const Fact& fact : record->facts) {
      const std::string relation = relation_cluster(fact.relation);
      ++facts_[{record->type, relation, entity_cluster(fact.object)}];
      ++relations_[{record->type, relation}];
    }
  }
}

std::int64_t FactCounts::count(const Record& record, const Fact& fact) const {
  const auto found =
      facts_.find({record.type, relation_cluster(fact.relation), entity_cluster(fact.object)});
  return found == facts_.end() ? 0 : found->second;
}

double FactCounts::share(const Record& record, const Fact& fact) const {
  const auto all = relations_.find({record.type, relation_cluster(fact.relation)});
  if (all == relations_.end()) return 0;
  return static_cast<double>(count(record, fact)) / static_cast<double>(all->second);
}

LinkKinds::LinkKinds(const std::vector<const Record*>& records, const Graph& graph,
                     std::int64_t min_support, double min_share) {
  std::map<Kind, std::int64_t> support;
  std::map<std::pair<std::string, std::string>, std::int64_t> all;
  for (const Record* record : records) {
    for (std::size_t i = 1; i < record->facts.size(); ++i) {
      const Fact& fact = record->facts[i];
      ++all[{record->type, relation_cluster(fact.relation)}];
      if (const Record* target = target_of(*record, fact, graph); target != nullptr)
        ++support[{record->type, relation_cluster(fact.relation), target->type}];
    }
  }
  for (const auto& [kind, count] : support) {
    const auto& [from, relation, to] = kind;
    if (count >= min_support &&
        static_cast<double>(count) >= min_share * static_cast<double>(all[{from, relation}]))
      kinds_.insert(kind);
  }
}

bool LinkKinds::has(const Record& from, const Fact& fact, const Record& to) const {
  return kinds_.contains({from.type, relation_cluster(fact.relation), to.type});
}

std::vector<Path> cross_document_paths(const std::vector<const Record*>& records,
                                       const Graph& graph, const LinkKinds& kinds,
                                       const FactCounts& counts, const PathLimits& limits,
                                       Audit& audit) {
  const Links links = find_links(records, graph, kinds);
  Walker walker(links, counts, limits, audit);
  for (const Record* record : records) walker.walk(*record);
  return walker.take();
}

std::vector<Path> single_document_paths(const std::vector<const Record*>& records,
                                        const FactCounts& counts, const PathLimits& limits,
                                        Audit& audit) {
  std::vector<Path> paths;
  for (const Record* record : records) {
    for (std::size_t by = 1; by < record->facts.size(); ++by) {
      const Fact& description = record->facts[by];
      // A description that many records share would be ambiguous in most contexts.
      if (static_cast<std::int64_t>(description.object.size()) > limits.max_answer_bytes ||
          counts.share(*record, description) > 0.2)
        continue;
      for (const Fact& fact : record->facts) {
        if (&fact == &description) continue;
        if (const std::string why = refuse_answer(*record, fact, counts, limits); !why.empty()) {
          audit.reject(why);
          continue;
        }
        paths.push_back({{record}, {&fact}, &description});
      }
    }
  }
  return paths;
}

}  // namespace cairn::synthesis
