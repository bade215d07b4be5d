// What a synthesis stage made and what it refused, with reasons.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/sdk/context.h"
#include "plugins/lib/text/records.h"

namespace cairn::synthesis {

// How many items are wanted on each side of the partition, and how few are still a result.
struct Wanted {
  std::int64_t items = 0;
  std::int64_t held_out_items = 0;
  double min_share = 0.5;  // of each; fewer is an error
};

class Audit {
 public:
  void reject(const std::string& reason) { ++rejected_[reason]; }
  void count(const std::string& name, std::int64_t by = 1) { counts_[name] += by; }
  [[nodiscard]] std::int64_t counted(const std::string& name) const;
  [[nodiscard]] const std::map<std::string, std::int64_t>& rejected() const { return rejected_; }

  // {"items", "held_out_items", "asked", "by_task", "by_template", "by_domain", "counts",
  // "rejected"}.
  [[nodiscard]] json::object to_json(const std::vector<text::QaRecord>& records,
                                     const Wanted& wanted) const;

 private:
  std::map<std::string, std::int64_t> counts_;
  std::map<std::string, std::int64_t> rejected_;
};

// Whether all documents of the record lie on the held-out side.
[[nodiscard]] bool held_out(const text::QaRecord& record);

// Fails where fewer than min_share of the wanted items could be made on a side: says how many
// could, and why others were refused.
[[nodiscard]] Result<void> check_enough(const std::vector<text::QaRecord>& records,
                                        const Wanted& wanted, const Audit& audit);

}  // namespace cairn::synthesis
