// The parts of bench_model: one function and one file each.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/bench/report.h"

namespace cairn::bench {

struct ModelBenchOptions {
  std::string python = "python3";   // with the peers' packages
  std::filesystem::path tokenizer;  // a folder to measure beside the one learned here; may be empty
  std::filesystem::path texts;      // a folder of *.txt to measure on; empty: texts of this machine
};

// Encoding on one thread against HF tokenizers and bpe-qwen; decoding, and learning merges.
void measure_tokenizer(Report& report, const ModelBenchOptions& options);

}  // namespace cairn::bench
