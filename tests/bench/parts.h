// The parts of bench_engine.
#pragma once

#include "tests/bench/report.h"

namespace cairn::bench {

// Chains of tasks: durable steps, one after another.
void measure_chains(Report& report);
// Many tasks at once, large graphs, many runs.
void measure_scale(Report& report, bool large);
// What a death costs.
void measure_deaths(Report& report);

}  // namespace cairn::bench
