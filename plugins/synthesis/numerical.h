// Questions over tables whose answers a SQL engine computes (RECIPE §2, "Numerical QA").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "plugins/synthesis/audit.h"
#include "plugins/synthesis/database.h"
#include "plugins/synthesis/item.h"
#include "plugins/synthesis/multihop.h"
#include "plugins/synthesis/table.h"

namespace cairn::synthesis {

struct NumericalOptions {
  Wanted wanted;
  ContextLimits context{1, 3, 800};
  std::vector<std::string> templates;  // names of question_templates(); empty: all
  std::int64_t variants = 2;           // questions per plan: other words, other distractors
  std::int64_t max_sum = 20;           // sums of larger absolute value are not asked for
  std::uint64_t seed = 0;
};

// lookup max min count_rows count_above sum best_key max_of_two, in this order.
[[nodiscard]] const std::vector<std::string>& question_templates();

// Compatible tables of all documents joined end to end, every row with its document and its place
// there: the corpus tables that SQL runs over.
class CorpusTables {
 public:
  [[nodiscard]] static Result<CorpusTables> load(const std::vector<Table>& tables);

  [[nodiscard]] Database& database() { return database_; }
  // Quoted name of the corpus table that holds this table's rows.
  [[nodiscard]] const std::string& name_of(const Table& table) const;
  [[nodiscard]] std::size_t size() const { return names_.size(); }

 private:
  explicit CorpusTables(Database database) : database_(std::move(database)) {}
  Database database_;
  std::map<std::string, std::string> names_;  // by schema
};

// The columns that every corpus table begins with: the document's id and the row's place from 1.
inline constexpr const char* kDocumentColumn = "cairn document";
inline constexpr const char* kRowColumn = "cairn row";

// The query and its parameters stand in each record's provenance ("sql", "parameters").
[[nodiscard]] Result<Synthesis> make_numerical(const std::vector<text::Document>& documents,
                                               const NumericalOptions& options);

}  // namespace cairn::synthesis
