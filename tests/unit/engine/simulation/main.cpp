// engine_simulation [--seeds N] [--from SEED] [--mutation NAME]: lives through N seeds, one after
// another over all processors; prints what was reached; ends with 1 at the first broken promise.
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <thread>
#include <vector>

#include "core/base/log.h"
#include "tests/unit/engine/simulation/simulation.h"

int main(int argc, char** argv) {
  using cairn::testing::Life;
  std::uint64_t seeds = 20'000;
  std::uint64_t from = 0;
  for (int i = 1; i + 1 < argc; i += 2) {
    if (std::strcmp(argv[i], "--seeds") == 0) seeds = std::strtoull(argv[i + 1], nullptr, 10);
    if (std::strcmp(argv[i], "--from") == 0) from = std::strtoull(argv[i + 1], nullptr, 10);
  }
  cairn::init_logging("simulation", cairn::Verbosity::kQuiet);
  spdlog::set_level(spdlog::level::off);
  std::mutex mutex;
  Life all;
  std::atomic<std::uint64_t> next = from;
  std::atomic<std::uint64_t> lived = 0;
  std::atomic<bool> broken = false;
  const auto begin = std::chrono::steady_clock::now();
  const auto work = [&] {
    for (std::uint64_t seed = next++; seed < from + seeds && !broken; seed = next++) {
      const Life life = cairn::testing::live_through(seed);
      ++lived;
      const std::lock_guard lock(mutex);
      all.tasks += life.tasks;
      all.crashes += life.crashes;
      all.events += life.events;
      for (const auto& [pair, count] : life.reached) all.reached[pair] += count;
      if (!life.failure || broken) continue;
      broken = true;
      std::printf("seed %llu: %s\nagain: %s --seeds 1 --from %llu\n",
                  static_cast<unsigned long long>(seed), life.failure->c_str(), argv[0],
                  static_cast<unsigned long long>(seed));
    }
  };
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back(work);
  }
  for (std::thread& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  const auto count = static_cast<double>(lived.load());
  std::printf("%.0f seeds from %llu in %.1f s: %.1f tasks, %.1f crashes, %.0f events a seed\n",
              count, static_cast<unsigned long long>(from), took.count(),
              static_cast<double>(all.tasks) / count, static_cast<double>(all.crashes) / count,
              static_cast<double>(all.events) / count);
  bool unreached = false;
  for (const auto& [pair, meaning] : cairn::testing::all_pairs()) {
    const auto found = all.reached.find(pair);
    const unsigned long long times = found == all.reached.end() ? 0 : found->second;
    std::printf("  %-40s %10llu  %s\n", pair.c_str(), times, meaning.c_str());
    unreached = unreached || (times == 0 && seeds >= 10'000);
  }
  for (const auto& [pair, times] : all.reached) {
    if (cairn::testing::all_pairs().contains(pair)) continue;
    std::printf("  %-40s %10llu  (not in the table)\n", pair.c_str(),
                static_cast<unsigned long long>(times));
    unreached = true;
  }
  return broken || unreached ? 1 : 0;
}
