// Who was dropped, by which rule and why: the account that every filter gives of itself.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/json.h"
#include "plugins/lib/text/records.h"

namespace cairn::curation {

using Records = std::vector<text::QaRecord>;

// What a rule says of one record.
struct Verdict {
  std::string reason;  // why it goes, a few words that are counted; "" where it stays
  std::string detail;  // about this record alone: an id, a number
  [[nodiscard]] bool keeps() const { return reason.empty(); }
};
// One per record, in their order.
using Verdicts = std::vector<Verdict>;

// Not thread-safe.
class Ledger {
 public:
  // Counts what came in, by task.
  void open(const Records& records);
  // Removes from `records` those that are not kept, and writes them down. Sizes must agree. The
  // order of the rest stays. A rule may apply several times (training, then held-out items).
  void apply(std::string_view rule, const Verdicts& verdicts, Records& records);
  // A fact about the whole that belongs into the report.
  void note(std::string text);

  [[nodiscard]] std::int64_t dropped() const { return static_cast<std::int64_t>(drops_.size()); }
  // "3 no accepted answer, 5 exact duplicate": every reason that dropped a record, in the order of
  // the rules.
  [[nodiscard]] std::string summary() const;
  // {"records":{in,training,heldout,dropped}, "rules":[{rule,in,out,reasons}] in the order of use,
  //  "tasks":{task:{in,training,heldout,dropped:{reason:count}}}, "notes":[…],
  //  "dropped":[{id,task,rule,reason,detail?}] sorted by id}
  [[nodiscard]] json::object report(const Records& training, const Records& heldout) const;

 private:
  struct Drop {
    std::string id;
    std::string task;
    std::string rule;
    Verdict verdict;
  };
  struct Rule {
    std::string name;
    std::int64_t in = 0;
    std::int64_t out = 0;
    std::map<std::string, std::int64_t> reasons;
  };
  std::map<std::string, std::int64_t> tasks_in_;
  std::vector<Rule> rules_;
  std::vector<Drop> drops_;
  std::vector<std::string> notes_;
};

}  // namespace cairn::curation
