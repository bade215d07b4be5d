// Learning rates over a run: pure functions of the step, so a resumed run goes on as it was.
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace cairn::model {

enum class Decay { kConstant, kLinear, kCosine };

struct Schedule {
  Decay decay = Decay::kConstant;
  std::int64_t warmup_steps = 0;  // rising in a straight line; the first step is not 0
  std::int64_t total_steps = 0;   // warm-up included; what comes after stays at the end's factor
  double end_factor = 0.0;        // of the peak rate, where kLinear and kCosine arrive
};

// warmup_steps in [0, total_steps], end_factor in [0, 1]; total_steps may be 0 for kConstant alone.
[[nodiscard]] Result<void> check_schedule(const Schedule& schedule);

// What the peak rate is multiplied by in step `step`, counted from 1. In warm-up step /
// warmup_steps, 1 at its end. Then, with p = (step - warmup_steps) / (total_steps - warmup_steps)
// in [0, 1]: kLinear 1 - p, kCosine (1 + cos(pi p)) / 2, between 1 and end_factor.
[[nodiscard]] double learning_rate_factor(const Schedule& schedule, std::int64_t step);

}  // namespace cairn::model
