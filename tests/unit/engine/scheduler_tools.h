// What tests of the scheduler ask of a lab.
#pragma once

#include <gtest/gtest.h>

#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {

inline std::string status(Lab& lab, const std::string& run) {
  return to_string(lab.scheduler->find(run)->status);
}

inline std::int64_t steps(Lab& lab, const std::string& run, const std::string& stage) {
  std::int64_t sum = 0;
  const std::string folder = "runs/" + run + "/" + stage;
  for (const auto& [name, count] : lab.world.steps_worked) {
    const bool same =
        name == folder || name.starts_with(folder + ".") || name.starts_with(folder + "@");
    if (same) sum += count;
  }
  return sum;
}

// Of a stage that was skipped as a whole.
inline std::string skip_cause(Lab& lab, const std::string& run, const std::string& stage) {
  return lab.state(run).stages[lab.state(run).find_stage(stage).value()].cause;
}

// Lets hosts act until the condition holds.
template <typename Condition>
void run_until(Lab& lab, Condition condition) {
  for (int i = 0; i < 500; ++i) {
    lab.poll();
    if (condition()) return;
    for (const std::string& host : lab.world.living()) lab.world.act(host);
  }
  FAIL() << "it never came to that";
}

}  // namespace cairn::testing
