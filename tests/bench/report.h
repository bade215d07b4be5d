// The rows of bench_engine: what was measured, the goal, and what this machine can do at best.
#pragma once

#include <string>
#include <vector>

namespace cairn::bench {

struct Row {
  std::string name;
  double value = 0;
  std::string unit;
  std::string goal;    // "<= 0.6"; empty: reported only
  std::string beside;  // what it is to be read beside: a peer's or a limit's number of this run
};

class Report {
 public:
  void add(Row row);
  // Prints each row as it comes, and the table in JSON to a file, if one is named.
  void write_json(const std::string& file) const;

 private:
  std::vector<Row> rows_;
};

[[nodiscard]] double now_seconds();
[[nodiscard]] double median(std::vector<double> values);

}  // namespace cairn::bench
