// bench_serving [--json FILE] [--only steps|streams]: what watching costs the engine. A thousand
// reads a second beside a chain of tasks, and a thousand listeners to a run of ten thousand. No
// test: it prints numbers beside their goals.
#include <cstdio>
#include <cstring>

#include "tests/bench/serving_parts.h"

int main(int argc, char** argv) {
  std::string file;
  std::string only;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      file = argv[++i];
    } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      only = argv[++i];
    } else {
      std::printf("usage: bench_serving [--json FILE] [--only steps|streams]\n");
      return 2;
    }
  }
  cairn::bench::Report report;
  if (only.empty() || only == "steps") cairn::bench::measure_steps(report);
  if (only.empty() || only == "streams") cairn::bench::measure_streams(report);
  if (!file.empty()) report.write_json(file);
  return 0;
}
