#include "plugins/lib/model/schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>

namespace cairn::model {

Result<void> check_schedule(const Schedule& schedule) {
  if (schedule.warmup_steps < 0 || schedule.total_steps < 0) {
    return invalid_argument("a learning-rate schedule counts steps from 0 up");
  }
  if (schedule.decay != Decay::kConstant && schedule.total_steps < 1) {
    return invalid_argument("a learning rate that falls needs the number of steps in all",
                            "set total_steps, or let the rate be constant");
  }
  if (schedule.total_steps > 0 && schedule.warmup_steps > schedule.total_steps) {
    return invalid_argument("warm-up of " + std::to_string(schedule.warmup_steps) +
                                " steps in a run of " + std::to_string(schedule.total_steps),
                            "warm up for fewer steps");
  }
  if (!(schedule.end_factor >= 0 && schedule.end_factor <= 1)) {
    return invalid_argument("the end of a learning-rate schedule is a share of its peak, not " +
                            std::to_string(schedule.end_factor));
  }
  return {};
}

double learning_rate_factor(const Schedule& schedule, std::int64_t step) {
  if (step < schedule.warmup_steps) {
    return static_cast<double>(std::max<std::int64_t>(step, 0)) /
           static_cast<double>(schedule.warmup_steps);
  }
  if (schedule.decay == Decay::kConstant) return 1.0;
  const std::int64_t length = schedule.total_steps - schedule.warmup_steps;
  const double progress = length < 1
                              ? 1.0
                              : std::min(1.0, static_cast<double>(step - schedule.warmup_steps) /
                                                  static_cast<double>(length));
  const double left = schedule.decay == Decay::kLinear
                          ? 1.0 - progress
                          : 0.5 * (1.0 + std::cos(std::numbers::pi * progress));
  return schedule.end_factor + (1.0 - schedule.end_factor) * left;
}

}  // namespace cairn::model
