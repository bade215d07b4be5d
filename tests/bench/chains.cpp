#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>

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

struct ChainTimes {
  double whole = 0;    // of `cairn submit --wait`, from its start to its exit
  double journal = 0;  // from the run's creation to its end
};

ChainTimes time_chain(const Server& server, const e2e::Place& place, const std::string& stage,
                      int length) {
  std::vector<double> whole;
  std::vector<double> journal;
  for (int i = 0; i < kRounds; ++i) {
    const auto file = place.write("chain.yaml", chain(length, stage, i));
    const double begin = now_seconds();
    const json::value run = server.submit(file.string());
    whole.push_back(now_seconds() - begin);
    journal.push_back(seconds_of(run));
  }
  return {median(whole), median(journal)};
}

void add_chain(Report& report, const char* name, const ChainTimes& times, const char* goal) {
  char beside[64];
  std::snprintf(beside, sizeof beside, "0.40 of it is the work; %.3f by its journal",
                times.journal);
  report.add({name, times.whole, "s", goal, beside});
}

// Each commit of the journal is one synced append: counted in a log of persistence boundaries.
void measure_disk(Report& report) {
  const e2e::Place place;
  const fs::path log = place.folder() / "boundaries";
  const e2e::Setting setting("CAIRN_BOUNDARY_LOG", log.string());
  const Server server(place);
  const auto appends = [&] {
    std::ifstream lines(log);
    int count = 0;
    for (std::string line; std::getline(lines, line);) count += line.ends_with("store.append");
    return count;
  };
  const std::string noop = chain(kChain, "uses: noop", 0);
  (void)server.submit(place.write("chain.yaml", noop).string());  // the host is warm now
  const double bytes = server.written();
  const int before = appends();
  (void)server.submit(place.write("chain.yaml", noop).string());
  report.add({"syncs of a chain of 40 no-op steps", static_cast<double>(appends() - before), "", "",
              "Restate 85-105, Temporal 1,000"});
  report.add({"bytes written for it", (server.written() - bytes) / 1e6, "MB", "",
              "Restate 0.38, Temporal 13.3"});
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
  add_chain(report, "40 sequential `shell` tasks of 10 ms",
            time_chain(server, place, "uses: shell, with: {run: \"" + burn + "\"}", kChain),
            "<= 0.52");
  add_chain(report, "40 sequential plugin tasks of 10 ms",
            time_chain(server, place, "uses: probe.burn, with: {ms: 10}", kChain), "<= 0.46");
  const double step = time_chain(server, place, "uses: noop", kNoops).journal / kNoops;
  char beside[64];
  std::snprintf(beside, sizeof beside, "%.1f fdatasyncs", sync > 0 ? step / sync : 0.0);
  report.add({"no-op step of a chain of 1,000, durable", step * 1e3, "ms", "<= 0.6", beside});
  const double fresh =
      time_chain(server, place, "uses: noop, isolation: process", kChain).journal / kChain;
  const double bare = bare_host_seconds();
  std::snprintf(beside, sizeof beside, "%.2f times cairn-host alone (%.1f ms)",
                bare > 0 ? fresh / bare : 0.0, bare * 1e3);
  report.add({"a stage as a fresh process", fresh * 1e3, "ms", "<= 1.5 x", beside});
  measure_disk(report);
}

}  // namespace cairn::bench
