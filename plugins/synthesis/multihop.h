// Multi-hop questions over the knowledge graph (RECIPE §2, "Multi-hop QA").
#pragma once

#include <cstdint>
#include <vector>

#include "plugins/synthesis/audit.h"
#include "plugins/synthesis/item.h"
#include "plugins/synthesis/paths.h"

namespace cairn::synthesis {

struct MultihopOptions {
  Wanted wanted;
  ContextLimits context{2, 4, 800};
  PathLimits paths;
  std::int64_t variants = 3;      // questions per path: other words, other distractors
  double single_share = 0.25;     // items about two facts of one document, at most half
  double obfuscate_share = 0.15;  // of cross-document items: the first entity is described
  std::uint64_t seed = 0;
};

struct Synthesis {
  std::vector<text::QaRecord> records;  // sorted by id
  Audit audit;
};

// The graph's own question of a record's provenance, to check it again.
[[nodiscard]] Result<GraphQuestion> graph_question(const json::object& provenance);

// Every kept item is answerable by the graph of its context; an item across documents no longer
// is when any one of its evidence documents is taken away. At least half of the items of each
// side go across documents. Fails where too few can be made.
[[nodiscard]] Result<Synthesis> make_multihop(const std::vector<text::Document>& documents,
                                              const MultihopOptions& options);

}  // namespace cairn::synthesis
