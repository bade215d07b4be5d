// bench_plugins [--json FILE]: what many plugins cost a command that needs one of them, and what it
// costs to ask a library what it holds. No test: it prints numbers beside their limits.
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <string>
#include <vector>

#include "core/plugin/describe.h"
#include "core/plugin/manifest_cache.h"
#include "core/sdk/runtime/attempt_context.h"
#include "tests/bench/report.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::bench {
namespace {

constexpr int kPlugins = 50;
constexpr int kRounds = 61;
constexpr double kValidateLimit = 5;    // ms that the plugins add
constexpr double kDescribeLimit = 50;   // ms
constexpr double kCompileLimit = 1500;  // ms
constexpr double kLoopLimit = 5000;     // ms
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

// Points of two series by turns, as a training writes them; and the longest that one call took,
// which is the write of a full buffer.
void measure_metrics(Report& report, const fs::path& folder) {
  constexpr std::int64_t kPoints = 5'000'000;
  AttemptContext::Settings settings;
  settings.task.root = folder;
  AttemptContext ctx(real_file_system(), system_clock(), settings, {});
  const double begin = now_seconds();
  double last = begin;
  double longest = 0;
  constexpr std::int64_t kLook = 64;
  for (std::int64_t step = 0; step < kPoints; ++step) {
    ctx.metric(step % 2 == 0 ? "loss" : "entropy", step, 1.0 / static_cast<double>(step + 1));
    if (step % kLook != 0) continue;
    const double now = now_seconds();
    longest = std::max(longest, now - last);
    last = now;
  }
  (void)ctx.status();  // what is still in memory is written
  const double seconds = now_seconds() - begin;
  const double bytes = static_cast<double>(fs::file_size(ctx.folder().metrics()));
  std::vector<char> block(1 << 16);
  const double copy = milliseconds([&] {
    std::ofstream file(folder / "same-bytes", std::ios::binary);
    for (double done = 0; done < bytes; done += static_cast<double>(block.size()))
      file.write(block.data(), static_cast<std::streamsize>(block.size()));
  });
  char beside[64];
  std::snprintf(beside, sizeof beside, "writing the bytes alone: %.0f ms of %.0f", copy,
                seconds * 1e3);
  report.add({"ctx.metric", static_cast<double>(kPoints) / seconds / 1e6, "million a second",
              ">= 1", beside});
  report.add({"  longest of 64 calls", longest * 1e3, "ms", "", ""});
}

// A source file that includes all of the SDK, without its own code.
void measure_compile(Report& report, const fs::path& folder) {
  const fs::path source = folder / "include.cpp";
  std::ofstream(source) << "#include <cairn/plugin.h>\n";
  const std::string command = std::string(CAIRN_COMPILER_PATH) +
                              " -std=c++20 -I" CAIRN_SOURCE_DIR " -I" CAIRN_SOURCE_DIR
                              "/core/sdk/public -c -o /dev/null " +
                              source.string();
  std::vector<double> times;
  for (int round = 0; round < 5; ++round)
    times.push_back(milliseconds([&] { (void)std::system(command.c_str()); }));
  add_row(report, "compile of #include <cairn/plugin.h>", median(times), kCompileLimit);
}

// From an edited file to the end of a run with it: of the templates with the least and the most.
void measure_loop(Report& report, const e2e::Place& place) {
  for (const std::string kind : {"filter", "scorer"}) {
    const fs::path folder = place.folder() / kind;
    bool well = true;
    const auto must = [&](const std::vector<std::string>& command) {
      const auto done = place.run(command);
      if (done.exit_code != 0) std::printf("%s failed: %s", command[0].c_str(), done.err.c_str());
      well = well && done.exit_code == 0;
    };
    must({"plugins", "new", kind, "--kind", kind, "-q"});
    const std::string library = (folder / (kind + ".so")).string();
    std::vector<double> times;
    for (int round = 0; round < 3; ++round)
      times.push_back(milliseconds([&] {
        must({"plugins", "build", (folder / (kind + ".cpp")).string(), "--output-file", library,
              "-q"});
        must({"run", (folder / "workflow.yaml").string(), "--plugin-dir", folder.string(), "-q"});
      }));
    if (well) add_row(report, "plugins build and run, " + kind, median(times), kLoopLimit);
  }
}

void measure(Report& report) {
  const e2e::Place place;
  measure_loop(report, place);
  measure_metrics(report, place.folder() / "task");
  measure_compile(report, place.folder());
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
