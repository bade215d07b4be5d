#include <csignal>
#include <optional>

#include "tests/bench/parts.h"
#include "tests/bench/server.h"

namespace cairn::bench {
namespace {

constexpr int kSteps = 40;
constexpr int kDeaths = 5;

// Steps that say on disk when they began.
std::string steps(const fs::path& folder) {
  std::string text = "cairn: 1\nname: steps\ndefaults: {cache: false}\nstages:\n";
  for (int i = 0; i < kSteps; ++i) {
    const std::string number = std::to_string(i);
    text += "  s" + number + ": {uses: shell, with: {run: \"echo x >> " + folder.string() + "/" +
            number + "; sleep 0.05\"}";
    if (i > 0) text += ", after: [s" + std::to_string(i - 1) + "]";
    text += "}\n";
  }
  return text;
}

int begun(const fs::path& folder) {
  int count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator(folder)) ++count;
  return count;
}

int lines(const fs::path& folder) {
  int count = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const auto text = real_file_system().read(entry.path());
    if (text.ok()) count += static_cast<int>(std::count(text->begin(), text->end(), '\n'));
  }
  return count;
}

// Kills again and again in the middle of the chain, and says how long it takes until the next step
// begins after the return.
void measure(Report& report, bool hosts_too, const char* what) {
  const e2e::Place place;
  const fs::path folder = place.folder() / "begun";
  fs::create_directories(folder);
  const auto file = place.write("steps.yaml", steps(folder));
  std::optional<e2e::Running> engine;
  engine.emplace(place, std::vector<std::string>{"run", file.string(), "-q"});
  std::vector<double> back;
  for (int i = 0; i < kDeaths; ++i) {
    const int before = begun(folder);
    (void)e2e::wait_until([&] { return begun(folder) >= before + 4 || engine->ended(); });
    engine->signal(SIGKILL);
    engine->wait();
    if (hosts_too) {
      for (const pid_t host : place.hosts()) ::kill(host, SIGKILL);
    }
    const int at_death = lines(folder);
    const double begin = now_seconds();
    engine.emplace(place, std::vector<std::string>{"resume", "@latest", "-q"});
    (void)e2e::wait_until([&] { return lines(folder) > at_death || engine->ended(); });
    back.push_back(now_seconds() - begin);
  }
  const e2e::Finished end = engine->wait();
  const std::string name = what;
  report.add({name + ": steps repeated", static_cast<double>(lines(folder) - kSteps), "",
              hosts_too ? "<= 5" : "0", end.exit_code == 0 ? "0 lost" : "the run failed"});
  report.add({name + ": back at work", median(back), "s", "< 0.5", "median of 5"});
}

}  // namespace

void measure_deaths(Report& report) {
  measure(report, false, "engine killed -9 five times");
  measure(report, true, "engine and hosts killed -9 five times");
  const e2e::Place place;
  const auto file = place.write("wide.yaml",
                                "cairn: 1\nname: wide\nstages:\n  a: {uses: noop, cache: false, "
                                "matrix: {i: \"${range(100000)}\"}}\n");
  std::optional<Server> server;
  server.emplace(place);
  (void)place.run({"submit", file.string(), "-q"});
  e2e::pass(std::chrono::milliseconds(900));
  server->kill();
  for (const pid_t host : place.hosts()) ::kill(host, SIGKILL);
  const json::value run = place.run_json({"get", "@latest"});
  const json::object& stage = run.at_pointer("/stages/0").as_object();
  const auto done = stage.at("progress").as_object().at("done").to_number<double>();
  const double begin = now_seconds();
  server.emplace(place);
  char beside[64];
  std::snprintf(beside, sizeof beside, "%s with %.0f tasks done", e2e::status_of(run).c_str(),
                done);
  report.add({"recovery of a run of 100,000 tasks", now_seconds() - begin, "s", "< 2", beside});
}

}  // namespace cairn::bench
