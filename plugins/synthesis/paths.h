// Paths through the knowledge graph that questions are asked about.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "plugins/synthesis/audit.h"
#include "plugins/synthesis/graph.h"

namespace cairn::synthesis {

// nodes[i]'s fact facts[i] names nodes[i + 1]; the last fact's object is the answer. One node: the
// entity is described by another fact of its own, `description`.
struct Path {
  std::vector<const Record*> nodes;
  std::vector<const Fact*> facts;
  const Fact* description = nullptr;

  [[nodiscard]] const std::string& answer() const { return facts.back()->object; }
  // Types and relations along the path: paths of one kind ask alike.
  [[nodiscard]] std::string kind() const;
};

// How often a fact's object stands under its relation in the whole corpus.
class FactCounts {
 public:
  explicit FactCounts(const std::vector<const Record*>& records);
  // In (0, 1]: the share of records of this type that hold this very fact.
  [[nodiscard]] double share(const Record& record, const Fact& fact) const;
  [[nodiscard]] std::int64_t count(const Record& record, const Fact& fact) const;

 private:
  using Key = std::tuple<std::string, std::string, std::string>;
  std::map<Key, std::int64_t> facts_;
  std::map<std::pair<std::string, std::string>, std::int64_t> relations_;
};

// Which relations lead from records of one type to records of another. A kind of link that the
// corpus has fewer than min_support times, or that fewer than min_share of the type's records
// with the relation have, is taken for chance.
class LinkKinds {
 public:
  LinkKinds(const std::vector<const Record*>& records, const Graph& graph,
            std::int64_t min_support = 3, double min_share = 0.1);
  [[nodiscard]] bool has(const Record& from, const Fact& fact, const Record& to) const;

 private:
  using Kind = std::tuple<std::string, std::string, std::string>;
  std::set<Kind> kinds_;
};

struct PathLimits {
  std::int64_t max_hops = 2;  // documents on a path
  std::int64_t max_answer_bytes = 40;
  double max_fact_share = 0.5;  // scarce knowledge validation
};

// Every path of 2 to max_hops documents of this graph, each node in another document. What is left
// out for its answer is counted in the audit.
[[nodiscard]] std::vector<Path> cross_document_paths(const std::vector<const Record*>& records,
                                                     const Graph& graph, const LinkKinds& kinds,
                                                     const FactCounts& counts,
                                                     const PathLimits& limits, Audit& audit);
// Every pair of facts of one record, the first of which describes the entity.
[[nodiscard]] std::vector<Path> single_document_paths(const std::vector<const Record*>& records,
                                                      const FactCounts& counts,
                                                      const PathLimits& limits, Audit& audit);

}  // namespace cairn::synthesis
