// bench_model: what model stages stand on, against the peers in Python's packages, in one run. No
// test: it prints numbers beside their goals. Peers that are not installed are named as missing.
#include <cstdio>
#include <cstring>

#include "core/base/files.h"
#include "tests/bench/model_compute.h"
#include "tests/bench/model_files.h"
#include "tests/bench/model_generate.h"
#include "tests/bench/model_parts.h"

namespace cairn::bench {
namespace {

struct Part {
  const char* name;
  void (*measure)(Report&, const ModelBenchOptions&);
};

void measure_files(Report& report, const ModelBenchOptions&) {
  measure_model_files(report);
}
void measure_compute(Report& report, const ModelBenchOptions& options) {
  measure_model_compute(report, {.python = options.python});
}
void measure_generate(Report& report, const ModelBenchOptions& options) {
  measure_model_generate(report, {.python = options.python});
}

constexpr Part kParts[] = {{"tokenizer", measure_tokenizer},
                           {"files", measure_files},
                           {"compute", measure_compute},
                           {"generate", measure_generate}};

int usage() {
  std::printf(
      "usage: bench_model [--python PYTHON] [--only PART] [--json FILE] [--tokenizer FOLDER] "
      "[--texts FOLDER]\nparts:");
  for (const Part& part : kParts) std::printf(" %s", part.name);
  std::printf("\n");
  return 2;
}

int run(int argc, char** argv) {
  ModelBenchOptions options;
  std::string file;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    if (i + 1 == argc) return usage();
    const std::string option = argv[i];
    const char* value = argv[++i];
    if (option == "--python") {
      options.python = value;
    } else if (option == "--only") {
      only = value;
    } else if (option == "--json") {
      file = value;
    } else if (option == "--tokenizer") {
      options.tokenizer = value;
    } else if (option == "--texts") {
      options.texts = value;
    } else {
      return usage();
    }
  }
  Report report;
  bool known = only.empty();
  for (const Part& part : kParts) {
    if (!only.empty() && only != part.name) continue;
    known = true;
    part.measure(report, options);
  }
  if (!known) return usage();
  if (!file.empty()) report.write_json(file);
  return 0;
}

}  // namespace

}  // namespace cairn::bench

int main(int argc, char** argv) {
  return cairn::bench::run(argc, argv);
}
