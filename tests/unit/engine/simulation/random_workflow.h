// Workflows for the simulation, drawn from a seed.
#pragma once

#include "core/base/random.h"
#include "core/workflow/spec.h"

namespace cairn::testing {

struct DrawnWorkflow {
  WorkflowSpec spec;
  bool rejects = false;   // its approvals are refused
  bool may_fail = false;  // a stage fails for good
  // Which stages run depends on what failed on the way: fail_fast, handlers, `when`.
  bool history_matters = false;
};

// Two to seven stages: inputs, order, matrix, foreach, `when`, approvals, handlers, retries,
// watchdogs, pools, timeouts, failures that pass and failures that stay.
[[nodiscard]] DrawnWorkflow draw_workflow(RandomStream& random);

}  // namespace cairn::testing
