#include "plugins/synthesis/walk.h"

#include "core/base/random.h"

namespace cairn::synthesis {

Result<std::int64_t> make_items(const Walk& walk, const MakeItem& make,
                                std::set<std::string>& asked, Synthesis& result) {
  std::int64_t made = 0;
  for (std::uint64_t variant = 0; variant < static_cast<std::uint64_t>(walk.variants); ++variant) {
    for (std::size_t plan = 0; plan < walk.plans && made < walk.wanted; ++plan) {
      const std::uint64_t seed =
          derive_seed(walk.seed, walk.stage + "/item" + walk.part, {walk.held_out, variant, plan});
      // The first wording is drawn, so that it tells nothing of the plan's place; later variants
      // go through the others.
      RandomStream words(walk.seed, walk.stage + "/wording" + walk.part, {walk.held_out, plan});
      CAIRN_ASSIGN(auto record, make(plan, words.below(1 << 16) + variant, seed));
      if (!record) continue;
      if (!asked.insert(record->id).second) {
        result.audit.reject("asked before");
        continue;
      }
      result.records.push_back(std::move(*record));
      ++made;
    }
  }
  return made;
}

}  // namespace cairn::synthesis
