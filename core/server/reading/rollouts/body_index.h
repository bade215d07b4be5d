// Rows made from bodies alone: of artifacts that an older build made, and of columns that are
// damaged.
#pragma once

#include <memory>
#include <vector>

#include "core/base/result.h"
#include "core/server/reading/rollouts/rollout_view.h"

namespace cairn::reading {

struct BodyIndex {
  std::vector<RolloutRow> rows;  // by step, those of a step in the order of the file; no tokens
  std::vector<RolloutSample> samples;
};

// growing: a last line without an end is left out; else it counts. Rows use the codes of
// SampleTable(samples). Errors name the line: no object, or without step, id, task and reward.
[[nodiscard]] Result<BodyIndex> index_bodies(const ReadFile& bodies, bool growing);

}  // namespace cairn::reading
