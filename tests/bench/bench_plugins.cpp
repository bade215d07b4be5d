// bench_plugins [--json FILE]: what many plugins cost a command that needs one of them, and what it
// costs to ask a library what it holds. No test: it prints numbers beside their limits.
#include <sys/resource.h>

#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "core/plugin/describe.h"
#include "core/plugin/manifest_cache.h"
#include "tests/bench/report.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::bench {
namespace {

constexpr int kPlugins = 50;
constexpr int kRounds = 61;
constexpr double kValidateLimit = 5;   // ms that the plugins add
constexpr double kDescribeLimit = 50;  // ms
// The stage type of numbered.so.
constexpr const char* kName = "bench.number_00";

void add_row(Report& report, const std::string& name, double ms, double limit) {
  char share[64];
  std::snprintf(share, sizeof share, "%.2f of the limit", ms / limit);
  char goal[32];
  std::snprintf(goal, sizeof goal, "<= %.0f", limit);
  report.add({name, ms, "ms", goal, share});
}

std::string numbered(int number) {
  char name[32];
  std::snprintf(name, sizeof name, "bench.number_%02d", number);
  return name;
}

// Libraries with a stage type each: one library, its name overwritten.
void make_plugins(const fs::path& folder) {
  fs::create_directories(folder);
  const std::string bytes =
      real_file_system().read(fs::path(CAIRN_TEST_PLUGINS) / "numbered.so").value();
  for (int number = 0; number < kPlugins; ++number) {
    std::string own = bytes;
    for (std::size_t at = 0; (at = own.find(kName, at)) != std::string::npos; ++at)
      own.replace(at, std::strlen(kName), numbered(number));
    const fs::path library = folder / (numbered(number) + ".so");
    (void)real_file_system().write_atomic(library, own);
    fs::permissions(library, fs::perms::owner_all);
  }
}

double milliseconds(const std::function<void()>& work) {
  const double begin = now_seconds();
  work();
  return (now_seconds() - begin) * 1e3;
}

// Of the processes that have ended; less shaken by other load than the clock.
double children_ms() {
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto ms = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_usec) / 1e3;
  };
  return ms(usage.ru_utime) + ms(usage.ru_stime);
}

struct Cost {
  std::vector<double> wall;
  std::vector<double> cpu;
};

void validate(const e2e::Place& place, std::vector<std::string> more, Cost& cost) {
  more.insert(more.begin(), {"validate", (place.folder() / "flow.yaml").string()});
  const double before = children_ms();
  cost.wall.push_back(milliseconds([&] {
    const auto done = place.run(more);
    if (done.exit_code != 0) std::printf("validate failed: %s", done.err.c_str());
  }));
  cost.cpu.push_back(children_ms() - before);
}

// Turn by turn, so that both see the same load.
void measure_validate(Report& report, const e2e::Place& place, const fs::path& folder,
                      const std::string& what) {
  Cost without;
  Cost with;
  for (int round = 0; round < kRounds; ++round) {
    validate(place, {}, without);
    validate(place, {"--plugin-dir", folder.string()}, with);
  }
  add_row(report, "validate, 50 plugins more, " + what, median(with.wall) - median(without.wall),
          kValidateLimit);
  add_row(report, "  processor time of it", median(with.cpu) - median(without.cpu), kValidateLimit);
  report.add({"  validate without them", median(without.wall), "ms", "", ""});
}

void measure_scan(Report& report, const fs::path& folder, const std::string& what) {
  std::vector<double> times;
  std::size_t found = 0;
  for (int round = 0; round < kRounds; ++round)
    times.push_back(milliseconds([&] {
      const auto registry = Registry::scan({folder}, CAIRN_HOST);
      found = registry.ok() ? registry->stage_types().size() : 0;
    }));
  if (found != kPlugins) std::printf("the scan found %zu stage types\n", found);
  add_row(report, "scan of 50 plugins, " + what, median(times), kValidateLimit);
}

void measure_describe(Report& report, const fs::path& library) {
  std::vector<double> times;
  for (int round = 0; round < kRounds; ++round)
    times.push_back(milliseconds([&] {
      const auto manifest = describe_in_child(library, CAIRN_HOST, Duration(10'000));
      if (!manifest.ok()) std::printf("%s\n", manifest.error().to_string().c_str());
    }));
  add_row(report, "cairn-host --describe, no LibTorch", median(times), kDescribeLimit);
}

void measure(Report& report) {
  const e2e::Place place;
  const e2e::Setting cache("XDG_CACHE_HOME", (place.folder() / "cache").string());
  place.write("flow.yaml", "cairn: 1\nname: flow\nstages:\n  one: {uses: noop}\n");
  const fs::path cached = place.folder() / "cached";
  const fs::path beside = place.folder() / "beside";
  make_plugins(cached);
  make_plugins(beside);
  for (const auto& entry : fs::directory_iterator(beside))
    (void)std::system(
        (std::string(CAIRN_HOST) + " --describe " + entry.path().string() + " --write").c_str());

  measure_describe(report, cached / (numbered(1) + ".so"));
  report.add({"first scan of 50 plugins: all are described",
              milliseconds([&] { (void)Registry::scan({cached}, CAIRN_HOST); }), "ms", "", ""});
  measure_scan(report, cached, "manifests cached");
  measure_scan(report, beside, "manifests beside");
  measure_validate(report, place, cached, "manifests cached");
  measure_validate(report, place, beside, "manifests beside");
}

}  // namespace
}  // namespace cairn::bench

int main(int argc, char** argv) {
  const bool json = argc == 3 && std::strcmp(argv[1], "--json") == 0;
  if (argc != 1 && !json) {
    std::printf("usage: bench_plugins [--json FILE]\n");
    return 2;
  }
  cairn::bench::Report report;
  cairn::bench::measure(report);
  if (json) report.write_json(argv[2]);
  return 0;
}
