// bench_engine [--json FILE] [--only chains|scale|deaths] [--large]
#include <cstdio>
#include <cstring>
#include <string>

#include "tests/bench/parts.h"

int main(int argc, char** argv) {
  std::string file;
  std::string only;
  bool large = false;
  for (int i = 1; i < argc; ++i) {
    if (std::strcmp(argv[i], "--large") == 0) {
      large = true;
    } else if (std::strcmp(argv[i], "--json") == 0 && i + 1 < argc) {
      file = argv[++i];
    } else if (std::strcmp(argv[i], "--only") == 0 && i + 1 < argc) {
      only = argv[++i];
    } else {
      std::printf("usage: bench_engine [--json FILE] [--only chains|scale|deaths] [--large]\n");
      return 2;
    }
  }
  cairn::bench::Report report;
  if (only.empty() || only == "chains") cairn::bench::measure_chains(report);
  if (only.empty() || only == "scale") cairn::bench::measure_scale(report, large);
  if (only.empty() || only == "deaths") cairn::bench::measure_deaths(report);
  if (!file.empty()) report.write_json(file);
  return 0;
}
