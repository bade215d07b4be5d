#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <thread>

#include "tests/bench/serving_parts.h"
#include "tests/e2e/web.h"

namespace cairn::bench {
namespace {

constexpr int kSteps = 1000;
constexpr int kRounds = 5;
constexpr int kReaders = 4;
constexpr double kReadsPerSecond = 1100;  // aimed at: some are late

// Each stage notes when it runs. salt keeps the cache out of it.
std::string chain(const fs::path& stamps, int salt) {
  std::string text = "cairn: 1\nname: chain\nseed: " + std::to_string(salt) +
                     "\ndefaults: {cache: false}\nstages:\n";
  for (int i = 0; i < kSteps; ++i) {
    text += "  s" + std::to_string(i) + ": {uses: probe.stamp, with: {file: \"" + stamps.string() +
            "\"}";
    if (i > 0) text += ", after: [s" + std::to_string(i - 1) + "]";
    text += "}\n";
  }
  return text;
}

// Milliseconds between one stamp and the next.
std::vector<double> gaps(const fs::path& stamps) {
  std::ifstream file(stamps);
  std::vector<double> times;
  std::int64_t before = 0;
  for (std::int64_t stamp = 0; file >> stamp; before = stamp) {
    if (before > 0) times.push_back(static_cast<double>(stamp - before) / 1e6);
  }
  return times;
}

// Reads documents of a run at a steady pace until told to end.
class Readers {
 public:
  Readers(const e2e::Web& web, const std::string& run) : begin_(now_seconds()) {
    for (int i = 0; i < kReaders; ++i)
      threads_.emplace_back([this, &web, run, i] { read(web, run, i); });
  }
  ~Readers() { end(); }
  Readers(const Readers&) = delete;
  Readers& operator=(const Readers&) = delete;

  void end() {
    ended_ = true;
    for (std::thread& thread : threads_) thread.join();
    if (!threads_.empty()) seconds_ = now_seconds() - begin_;
    threads_.clear();
  }
  [[nodiscard]] double per_second() const { return static_cast<double>(done_) / seconds_; }
  [[nodiscard]] std::size_t failed() const { return failed_; }

 private:
  // As somebody has it who reads on and on.
  static std::string newest(const e2e::Web& web, const std::string& run) {
    return std::to_string(
        web.document("/runs/" + run + "/events?limit=10000").at("next").to_number<std::uint64_t>());
  }

  void read(const e2e::Web& web, const std::string& run, int number) {
    const std::string api = "/api/v1/runs";
    const std::string of_run = api + "/" + run;
    const std::vector<std::string> paths = {api + "?limit=50",
                                            of_run + "/states",
                                            of_run + "/tasks?limit=50",
                                            of_run + "/stages/s0",
                                            of_run + "/timeline?limit=100",
                                            of_run + "/events?after=" + newest(web, run)};
    http::Client client(web.port());
    const double pace = kReaders / kReadsPerSecond;
    double due = now_seconds();
    for (std::size_t i = static_cast<std::size_t>(number); !ended_; ++i) {
      const double wait = due - now_seconds();
      if (wait > 0) e2e::pass(std::chrono::milliseconds(std::lround(wait * 1000)));
      due += pace;
      if (client.get(paths[i % paths.size()], web.bearer()).status == 200) {
        ++done_;
      } else {
        ++failed_;
      }
    }
  }

  const double begin_;
  double seconds_ = 0;
  std::atomic<bool> ended_{false};
  std::atomic<std::size_t> done_{0};
  std::atomic<std::size_t> failed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

double quantile(std::vector<double> values, double q) {
  const auto at = static_cast<std::size_t>(q * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), values.begin() + static_cast<std::ptrdiff_t>(at), values.end());
  return values[at];
}

void measure_steps(Report& report) {
  const e2e::Place place;
  const e2e::Web web(place);
  int salt = 1;
  const auto run_chain = [&] {
    const fs::path stamps = place.folder() / ("stamps-" + std::to_string(salt));
    (void)web.await(web.submit(chain(stamps, salt)));
    ++salt;
    return gaps(stamps);
  };
  const std::string example = web.submit(chain(place.folder() / "stamps-warm", 0));
  (void)web.await(example);  // the host is warm now
  std::vector<double> alone;
  std::vector<double> beside;
  std::vector<double> rates;
  std::size_t failed = 0;
  for (int round = 0; round < kRounds; ++round) {
    const auto quiet = run_chain();
    alone.insert(alone.end(), quiet.begin(), quiet.end());
    Readers readers(web, example);
    const auto busy = run_chain();
    readers.end();
    beside.insert(beside.end(), busy.begin(), busy.end());
    rates.push_back(readers.per_second());
    failed += readers.failed();
  }
  if (alone.empty() || beside.empty()) {
    std::printf("no chain has run\n");
    return;
  }
  char note[80];
  std::snprintf(note, sizeof note, "p50 %.2f, p99.9 %.2f", quantile(alone, 0.5),
                quantile(alone, 0.999));
  report.add({"ready to started along a chain, p99", quantile(alone, 0.99), "ms", "", note});
  std::snprintf(note, sizeof note, "p50 %.2f, p99.9 %.2f", quantile(beside, 0.5),
                quantile(beside, 0.999));
  report.add({"the same beside reads, p99", quantile(beside, 0.99), "ms", "", note});
  report.add({"growth of p99", quantile(beside, 0.99) - quantile(alone, 0.99), "ms", "< 1", ""});
  std::snprintf(note, sizeof note, "%zu failed", failed);
  report.add({"reads a second then", median(rates), "/s", "1000", note});
}

}  // namespace cairn::bench
