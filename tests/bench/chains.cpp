#include <fcntl.h>
#include <unistd.h>

#include <cstdio>

#include "tests/bench/parts.h"
#include "tests/bench/server.h"

namespace cairn::bench {
namespace {

constexpr int kChain = 40;
constexpr int kRounds = 5;
constexpr int kNoops = 1000;

// A chain of stages, each behind the one before. salt keeps the cache out of it.
std::string chain(int length, const std::string& stage, int salt) {
  std::string text = "cairn: 1\nname: chain\nseed: " + std::to_string(salt) +
                     "\ndefaults: {cache: false}\nstages:\n";
  for (int i = 0; i < length; ++i) {
    text += "  s" + std::to_string(i) + ": {" + stage;
    if (i > 0) text += ", after: [s" + std::to_string(i - 1) + "]";
    text += "}\n";
  }
  return text;
}

double fdatasync_seconds(const fs::path& folder) {
  const int fd = ::open((folder / "sync").c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  const std::string block(4096, 'x');
  std::vector<double> times;
  for (int i = 0; i < 200; ++i) {
    const double begin = now_seconds();
    if (::pwrite(fd, block.data(), block.size(), 0) < 0 || ::fdatasync(fd) != 0) break;
    times.push_back(now_seconds() - begin);
  }
  ::close(fd);
  return times.empty() ? 0 : median(times);
}

double best_chain(const Server& server, const e2e::Place& place, const std::string& stage,
                  int length) {
  std::vector<double> times;
  for (int i = 0; i < kRounds; ++i) {
    const auto file = place.write("chain.yaml", chain(length, stage, i));
    times.push_back(seconds_of(server.submit(file.string())));
  }
  return median(times);
}

double bare_host_seconds() {
  const double begin = now_seconds();
  constexpr int kTimes = 10;
  for (int i = 0; i < kTimes; ++i) {
    if (std::system((std::string(CAIRN_HOST) + " --version > /dev/null 2>&1").c_str()) < 0)
      return 0;
  }
  return (now_seconds() - begin) / kTimes;
}

}  // namespace

void measure_chains(Report& report) {
  const e2e::Place place;
  const double sync = fdatasync_seconds(place.folder());
  report.add({"one fdatasync of 4 KiB", sync * 1e3, "ms", "", "the limit of a durable step"});
  const Server server(place);
  const std::string burn = std::string(CAIRN_BURN) + " 10";
  report.add({"40 sequential `shell` tasks of 10 ms",
              best_chain(server, place, "uses: shell, with: {run: \"" + burn + "\"}", kChain), "s",
              "<= 0.52", "0.40 of it is the work"});
  report.add({"40 sequential plugin tasks of 10 ms",
              best_chain(server, place, "uses: probe.burn, with: {ms: 10}", kChain), "s", "<= 0.46",
              "0.40 of it is the work"});
  const double step = best_chain(server, place, "uses: noop", kNoops) / kNoops;
  char beside[64];
  std::snprintf(beside, sizeof beside, "%.1f fdatasyncs", sync > 0 ? step / sync : 0.0);
  report.add({"no-op step of a chain of 1,000, durable", step * 1e3, "ms", "<= 0.6", beside});
  const double fresh = best_chain(server, place, "uses: noop, isolation: process", kChain) / kChain;
  const double bare = bare_host_seconds();
  std::snprintf(beside, sizeof beside, "%.2f times cairn-host alone (%.1f ms)",
                bare > 0 ? fresh / bare : 0.0, bare * 1e3);
  report.add({"a stage as a fresh process", fresh * 1e3, "ms", "<= 1.5 x", beside});
}

}  // namespace cairn::bench
