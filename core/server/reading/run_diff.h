// Two runs side by side: what was given, what ran, and what came out. Pure, on documents.
#pragma once

#include "core/engine/state.h"

namespace cairn {

// {"id","name","seed","params","environment","stages":[{"name","status","code","params","inputs",
//  "outputs","metrics"}]}; of a stage with several tasks outputs are the digest of all their
// digests, metrics their means.
[[nodiscard]] json::object diff_document(const RunState& state);

// {"one":ID,"other":ID,"equal":bool,"differences":[{"part","name","one","other","delta"?}]}.
// part: workflow, params, environment, stage, code, stage params, inputs, outputs, metrics. What
// one of them lacks is null. equal: nothing differs but metrics and the environment.
[[nodiscard]] json::object diff_runs(const json::object& one, const json::object& other);

}  // namespace cairn
