#include <cstdio>

#include "core/engine/load.h"
#include "core/store/rocks_store.h"
#include "tests/bench/parts.h"
#include "tests/bench/server.h"

namespace cairn::bench {
namespace {

constexpr int kRuns = 10'000;
constexpr int kShells = 5'000;

std::string wide(int count, const std::string& uses) {
  return "cairn: 1\nname: wide\nstages:\n  a: {" + uses + ", cache: false, matrix: {i: \"${range(" +
         std::to_string(count) + ")}\"}}\n";
}

double rate(const Server& server, const e2e::Place& place, int count) {
  const auto file = place.write("wide.yaml", wide(count, "uses: noop"));
  return count / seconds_of(server.submit(file.string()));
}

double make_seconds(const e2e::Place& place) {
  std::string text = "all:";
  for (int i = 0; i < kShells; ++i) text += " t" + std::to_string(i);
  text += "\n.PHONY: all\n";
  for (int i = 0; i < kShells; ++i) {
    text += ".PHONY: t" + std::to_string(i) + "\nt" + std::to_string(i) + ":\n\t@true;\n";
  }
  const auto file = place.write("Makefile", text);
  const double begin = now_seconds();
  if (std::system(("make -s -j2 -f " + file.string() + " all > /dev/null").c_str()) != 0) return -1;
  return now_seconds() - begin;
}

double command_seconds(const e2e::Place& place, const std::vector<std::string>& arguments) {
  std::vector<double> times;
  for (int i = 0; i < 5; ++i) {
    const double begin = now_seconds();
    if (place.run(arguments).exit_code != 0) return -1;
    times.push_back(now_seconds() - begin);
  }
  return median(times);
}

// Ended runs by the thousand, as the engine leaves them.
void fill_store(const e2e::Place& place) {
  auto store = open_rocks_store(place.state());
  if (!store.ok()) return;
  RunState state;
  state.spec = std::make_shared<WorkflowSpec>();
  state.status = RunStatus::kSucceeded;
  WallTime now(Duration(1'790'000'000'000));
  for (int i = 0; i < kRuns; i += 100) {
    StoreBatch batch;
    for (int j = 0; j < 100; ++j) {
      now += Duration(1000);
      state.created_at = now;
      const std::string id = make_run_id(now, static_cast<std::uint64_t>(i + j));
      Event event;
      event.set_format(kEventFormat);
      event.mutable_run_created()->set_run(id);
      event.mutable_run_created()->set_workflow_json("{}");
      batch.journal.push_back({id, encode_event(event)});
      batch.summaries.push_back({id, encode_row(state)});
    }
    if (!(*store)->append(batch).ok()) return;
  }
}

}  // namespace

void measure_scale(Report& report, bool large) {
  {
    const e2e::Place place;
    const Server server(place);
    report.add({"no-op tasks of a matrix of 10,000, durable", rate(server, place, 10'000), "/s",
                ">= 20000", "Restate 550/s, Temporal 449/s, Dagu 22/s"});
    report.add({"no-op tasks of a matrix of 100,000, durable", rate(server, place, 100'000), "/s",
                ">= 20000", ""});
    report.add({"memory of the engine then", server.peak_mib(), "MiB", "< 400", ""});
    const auto file =
        place.write("shells.yaml", wide(kShells, "uses: shell, with: {run: \"true\"}"));
    const double ours = seconds_of(server.submit(file.string()));
    const double make = make_seconds(place);
    char beside[64];
    std::snprintf(beside, sizeof beside, "%.2f of make -j2 (%.0f/s)", make / ours, kShells / make);
    report.add({"5,000 wide `shell` tasks of `true`, durable", kShells / ours, "/s", ">= 0.5 make",
                beside});
  }
  {
    const e2e::Place place;
    const auto file = place.write("wide.yaml", wide(100'000, "uses: noop")).string();
    report.add({"validate of 100,000 tasks", command_seconds(place, {"validate", file}), "s",
                "< 2 both", ""});
    report.add(
        {"plan of 100,000 tasks", command_seconds(place, {"plan", file}), "s", "< 2 both", ""});
    report.add({"cairn --version", command_seconds(place, {"--version"}) * 1e3, "ms", "< 20", ""});
  }
  {
    const e2e::Place place;
    fill_store(place);
    report.add({"cairn list on a store of 10,000 runs",
                command_seconds(place, {"list", "-q"}) * 1e3, "ms", "< 50", ""});
  }
  if (large) {
    const e2e::Place place;
    const Server server(place);
    report.add(
        {"no-op tasks of a matrix of 1,000,000", rate(server, place, 1'000'000), "/s", "", ""});
  }
}

}  // namespace cairn::bench
