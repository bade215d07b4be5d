// The part of bench_model on files of weights.
#pragma once

#include "tests/bench/report.h"

namespace cairn::bench {

// Makes a model folder of 500 MB in the temporary folder, and measures there: opening it, reading
// every byte in place beside `cat FILE > /dev/null`, reading it as float32 tensors, writing it
// beside `cp` and `sync`. Rounds alternate; medians are told. The folder is removed.
void measure_model_files(Report& report);

}  // namespace cairn::bench
