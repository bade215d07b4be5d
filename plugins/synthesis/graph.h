// The knowledge graph across documents and what follows from it (RECIPE §2, "Multi-hop QA").
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "plugins/synthesis/record.h"

namespace cairn::synthesis {

// Which relations name an entity besides its subject and title: the code of a country record, say.
// Learned once from the corpus; part of what a graph knows before it has seen any document.
class IdentifierKeys {
 public:
  // A relation of a record type is an identifier when at least `min_records` records have it and
  // all their objects differ and are codes rather than quantities (x86; 784 among 020).
  // Objects that are mostly subjects of records are links to these instead.
  [[nodiscard]] static IdentifierKeys learn(const std::vector<const Record*>& records,
                                            std::size_t min_records = 3);
  [[nodiscard]] bool names_entity(const Record& record, const Fact& fact) const;

 private:
  std::set<std::pair<std::string, std::string>> keys_;  // type, relation; both clustered
};

// Not thread-safe while documents are added. Records outlive the graph.
class Graph {
 public:
  explicit Graph(const IdentifierKeys& identifiers) : identifiers_(&identifiers) {}
  Graph(const std::vector<const Record*>& records, const IdentifierKeys& identifiers);

  void add(const Record& record);
  // Records that a name stands for: an alias of their subject or title, or one of their codes,
  // letter by letter (Lu is no LU). Each once.
  [[nodiscard]] std::vector<const Record*> named(const std::string& name) const;
  // Records with this object under this relation.
  [[nodiscard]] std::vector<const Record*> having(const std::string& relation,
                                                  const std::string& object) const;
  [[nodiscard]] std::size_t size() const { return records_.size(); }

 private:
  const IdentifierKeys* identifiers_;
  std::vector<const Record*> records_;
  std::map<std::string, std::vector<const Record*>> names_;  // by entity cluster
  std::map<std::string, std::vector<const Record*>> codes_;
};

[[nodiscard]] const Fact* find_fact(const Record& record, const std::string& relation);

// What a question asks, apart from its words: start at an entity, follow relations.
struct GraphQuestion {
  std::string start;       // a name; or, when start_relation is set, the object it holds
  std::string start_type;  // type of the record that start_relation describes
  std::string start_relation;
  std::vector<std::string> relations;  // at least one; the last one's object is the answer
};

// The object at the end of the path. Nothing when a step leads nowhere or to several records.
[[nodiscard]] std::optional<std::string> answerable(const Graph& graph,
                                                    const GraphQuestion& question);

}  // namespace cairn::synthesis
