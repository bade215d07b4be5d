#include "tests/bench/report.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>

#include "core/base/json.h"

namespace cairn::bench {

void Report::add(Row row) {
  if (rows_.empty()) std::printf("%-52s %12s %-8s %-12s %s\n", "what", "measured", "", "goal", "");
  std::printf("%-52s %12.3f %-8s %-12s %s\n", row.name.c_str(), row.value, row.unit.c_str(),
              row.goal.c_str(), row.beside.c_str());
  std::fflush(stdout);
  rows_.push_back(std::move(row));
}

void Report::write_json(const std::string& file) const {
  json::array rows;
  for (const Row& row : rows_) {
    rows.push_back(json::object{{"name", row.name},
                                {"value", row.value},
                                {"unit", row.unit},
                                {"goal", row.goal},
                                {"beside", row.beside}});
  }
  std::ofstream(file) << pretty_json(rows);
}

double now_seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

}  // namespace cairn::bench
