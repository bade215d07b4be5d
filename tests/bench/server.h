// A `cairn serve` for measurements, and what its runs took by their own journal.
#pragma once

#include <fstream>

#include "core/base/clock.h"
#include "core/base/text.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::bench {

class Server {
 public:
  explicit Server(const e2e::Place& place)
      : place_(place), process_(place, {"serve", "--http", "localhost:0", "-o", "json"}) {
    // Its first line says that it is ready.
    (void)e2e::await_line(process_);
  }
  // The run's document once it has ended.
  [[nodiscard]] json::value submit(const std::string& file) const {
    return place_.run_json({"submit", file, "--wait", "-q"});
  }
  [[nodiscard]] pid_t pid() const { return process_.pid(); }
  [[nodiscard]] double peak_mib() const {
    std::ifstream status("/proc/" + std::to_string(process_.pid()) + "/status");
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
    }
    return 0;
  }
  // Bytes that the engine and its hosts have had written to the disk.
  [[nodiscard]] double written() const {
    std::vector<pid_t> all = place_.hosts();
    all.push_back(process_.pid());
    double bytes = 0;
    for (const pid_t pid : all) {
      std::ifstream io("/proc/" + std::to_string(pid) + "/io");
      for (std::string line; std::getline(io, line);) {
        if (line.starts_with("write_bytes:")) bytes += std::atof(line.c_str() + 12);
      }
    }
    return bytes;
  }
  void kill() {
    process_.signal(9);
    process_.wait();
  }

 private:
  const e2e::Place& place_;
  e2e::Running process_;
};

// Seconds between submission and end, by the run's journal.
[[nodiscard]] inline double seconds_of(const json::value& run) {
  const auto* object = run.if_object();
  if (object == nullptr || e2e::status_of(run) != "succeeded") return -1;
  const auto from = parse_rfc3339(std::string(object->at("created_at").as_string()));
  const auto to = parse_rfc3339(std::string(object->at("finished_at").as_string()));
  if (!from.ok() || !to.ok()) return -1;
  return static_cast<double>((*to - *from).count()) / 1000.0;
}

}  // namespace cairn::bench
