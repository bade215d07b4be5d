#include "plugins/synthesis/audit.h"

#include <algorithm>
#include <cmath>

#include "plugins/lib/text/partition.h"

namespace cairn::synthesis {
namespace {

json::object counts_to_json(const std::map<std::string, std::int64_t>& counts) {
  json::object object;
  for (const auto& [name, count] : counts) object[name] = count;
  return object;
}

Result<void> check_side(std::int64_t made, std::int64_t asked, const char* parameter,
                        const char* side, const Wanted& wanted, const Audit& audit) {
  const auto least =
      static_cast<std::int64_t>(std::ceil(static_cast<double>(asked) * wanted.min_share - 1e-9));
  if (made >= least) return {};
  std::string message = "only " + std::to_string(made) + " of " + std::to_string(asked) +
                        " items could be made from the " + side + " documents (at least " +
                        std::to_string(least) + " are required by min_share)";
  for (const auto& [reason, count] : audit.rejected())
    message += "; " + std::to_string(count) + " refused: " + reason;
  return invalid_argument(
      message, "lower `" + std::string(parameter) + "` or `min_share`, or give more documents");
}

}  // namespace

std::int64_t Audit::counted(const std::string& name) const {
  const auto found = counts_.find(name);
  return found == counts_.end() ? 0 : found->second;
}

json::object Audit::to_json(const std::vector<text::QaRecord>& records,
                            const Wanted& wanted) const {
  std::map<std::string, std::int64_t> tasks, templates, domains;
  std::int64_t held = 0;
  for (const auto& record : records) {
    ++tasks[record.task];
    ++domains[record.domain];
    if (const auto* name = record.provenance.if_contains("template");
        name != nullptr && name->is_string())
      ++templates[std::string(name->as_string())];
    if (held_out(record)) ++held;
  }
  return {{"items", static_cast<std::int64_t>(records.size()) - held},
          {"held_out_items", held},
          {"asked", json::object{{"items", wanted.items},
                                 {"held_out_items", wanted.held_out_items},
                                 {"min_share", wanted.min_share}}},
          {"by_task", counts_to_json(tasks)},
          {"by_template", counts_to_json(templates)},
          {"by_domain", counts_to_json(domains)},
          {"counts", counts_to_json(counts_)},
          {"rejected", counts_to_json(rejected_)}};
}

bool held_out(const text::QaRecord& record) {
  return !record.documents.empty() &&
         std::ranges::all_of(record.documents,
                             [](const auto& document) { return text::held_out(document.id); });
}

Result<void> check_enough(const std::vector<text::QaRecord>& records, const Wanted& wanted,
                          const Audit& audit) {
  const auto held = static_cast<std::int64_t>(
      std::ranges::count_if(records, [](const auto& record) { return held_out(record); }));
  CAIRN_TRY(check_side(static_cast<std::int64_t>(records.size()) - held, wanted.items, "items",
                       "trained", wanted, audit));
  return check_side(held, wanted.held_out_items, "held_out_items", "held-out", wanted, audit);
}

}  // namespace cairn::synthesis
