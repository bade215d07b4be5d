// The parts of bench_serving.
#pragma once

#include "tests/bench/report.h"

namespace cairn::bench {

// From one task's start to the next one's along a chain, alone and beside reads of documents.
void measure_steps(Report& report);
// Memory and exactness under many listeners.
void measure_streams(Report& report);

// q in 0..1; values are not empty.
[[nodiscard]] double quantile(std::vector<double> values, double q);

}  // namespace cairn::bench
