// The walk that turns plans (paths of a graph, queries) into items.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>

#include "core/base/result.h"
#include "plugins/lib/text/records.h"
#include "plugins/synthesis/multihop.h"

namespace cairn::synthesis {

struct Walk {
  std::uint64_t seed = 0;     // the stage's
  std::string stage;          // names its random streams: "numerical"
  std::string part;           // likewise, "/across"; may be empty
  bool held_out = false;      // which side of the partition
  std::size_t plans = 0;      // to go through, in order
  std::int64_t variants = 0;  // items of one plan at most
  std::int64_t wanted = 0;    // items in all
};

// The item of a plan, or nothing where none can be made. `wording` picks among the templates, any
// number; all other draws are the seed's.
using MakeItem = std::function<Result<std::optional<text::QaRecord>>(
    std::size_t plan, std::size_t wording, std::uint64_t seed)>;

// Goes through the plans, once per variant, until enough items are made; adds them to `result` and
// returns how many. An item whose id is in `asked` already is refused.
[[nodiscard]] Result<std::int64_t> make_items(const Walk& walk, const MakeItem& make,
                                              std::set<std::string>& asked, Synthesis& result);

}  // namespace cairn::synthesis
