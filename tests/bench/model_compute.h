// Rows of bench_model about forward, backward and training.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace cairn::bench {

struct ComputeOptions {
  int threads = 2;
  int rounds = 5;      // of each measurement, ours and the peer's turn by turn
  std::string python;  // with transformers; empty: rows of the peer say "skipped"
  // Processor time instead of wall time, of one thread: for a machine that is busy otherwise.
  bool processor_time = false;
};

// Forward and backward of SmolLM2-135M's shape (random weights) beside this machine's sgemm rate
// and transformers; the memory of scores over a long sequence; what bfloat16 costs here.
void measure_model_compute(Report& report, const ComputeOptions& options);

}  // namespace cairn::bench
