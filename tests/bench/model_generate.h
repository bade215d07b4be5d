// Rows of bench_model about generation.
#pragma once

#include <string>

#include "tests/bench/report.h"

namespace cairn::bench {

struct GenerateOptions {
  int threads = 2;
  int rounds = 5;      // of each measurement, ours and the peer's turn by turn
  std::string python;  // with transformers; empty: rows of the peer say "skipped"
};

// SmolLM2-135M's shape as Qwen3, random weights: one sample beside reading the weights once from
// memory, sixteen samples of one prompt, both beside transformers; what batch_invariant costs.
void measure_model_generate(Report& report, const GenerateOptions& options);

}  // namespace cairn::bench
