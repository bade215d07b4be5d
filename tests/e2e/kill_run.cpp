#include "tests/e2e/kill_run.h"

#include <boost/json/parse.hpp>
#include <csignal>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <set>
#include <sstream>

#include "core/base/random.h"

namespace cairn::e2e {
namespace {

using std::chrono::milliseconds;

std::vector<fs::path> attempts_below(const fs::path& task) {
  std::vector<fs::path> found;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(task, ignored)) {
    if (entry.path().filename().string().starts_with("attempt-")) found.push_back(entry.path());
  }
  return found;
}

// The steps in a metrics.jsonl; a line that a kill cut off does not count.
std::set<std::int64_t> measured_steps(const fs::path& attempt) {
  std::set<std::int64_t> steps;
  std::ifstream in(attempt / "metrics.jsonl");
  for (std::string line; std::getline(in, line);) {
    boost::system::error_code error;
    const json::value value = json::parse(line, error);
    if (error || !value.is_object()) continue;
    if (const auto* step = value.as_object().if_contains("step"); step != nullptr)
      steps.insert(step->to_number<std::int64_t>());
  }
  return steps;
}

// Attempts of the stage that have taken steps and not ended, and how many steps.
std::size_t steps_under_way(const Place& place, const std::string& stage) {
  std::size_t count = 0;
  std::error_code ignored;
  for (const auto& run : fs::directory_iterator(place.state() / "store/runs", ignored)) {
    for (const auto& task : fs::directory_iterator(run.path(), ignored)) {
      if (!stage.empty() && task.path().filename() != stage) continue;
      for (const auto& attempt : attempts_below(task.path())) {
        if (!fs::exists(attempt / "exit.json")) count += measured_steps(attempt).size();
      }
    }
  }
  return count;
}

}  // namespace

KillStory run_with_kills(const Place& place, const fs::path& workflow, const KillPlan& plan) {
  RandomStream random(plan.seed, "kills", {});
  KillStory story;
  std::optional<Running> command;
  command.emplace(place, std::vector<std::string>{"run", workflow.string(), "-q"});
  for (int round = 0; story.kills < plan.kills || story.inside < plan.kills_inside; ++round) {
    if (command->ended()) {
      const std::string status = status_of(place.run_json({"get", "@latest"}));
      if (status == "succeeded") break;
      command.emplace(place, status.empty()  // killed before there was a run
                                 ? std::vector<std::string>{"run", workflow.string(), "-q"}
                                 : std::vector<std::string>{"resume", "@latest", "-q"});
    }
    const bool aimed = round % 2 == 1;
    const std::string stage = story.kills >= plan.kills / 2 ? plan.inside : "";
    const std::size_t before = steps_under_way(place, stage);
    if (aimed) {
      const std::size_t wanted = before + 1 + random.below(4);
      const bool moved =
          wait_until([&] { return command->ended() || steps_under_way(place, stage) >= wanted; });
      if (!moved) break;
    } else {
      pass(milliseconds(random.below(500)));
    }
    if (command->ended()) continue;
    const bool inside = !plan.inside.empty() && steps_under_way(place, plan.inside) > 0;
    const auto who = random.below(3);
    const auto hosts = place.hosts();
    if (who != 0) {
      if (hosts.empty()) continue;
      for (const pid_t host : hosts) ::kill(host, SIGKILL);
      ++story.hosts;
    }
    if (who != 1) {
      command->signal(SIGKILL);
      command->wait();
      ++story.engines;
    }
    ++story.kills;
    if (inside) ++story.inside;
  }
  story.last = command->wait();
  for (int i = 0; i < 3 && status_of(place.run_json({"get", "@latest"})) != "succeeded"; ++i) {
    command.emplace(place, std::vector<std::string>{"resume", "@latest", "-q"});
    story.last = command->wait();
  }
  story.run = place.run_json({"get", "@latest"});
  std::cout << "seed " << plan.seed << ": " << story.kills << " kills (" << story.engines
            << " engines, " << story.hosts << " times the hosts), " << story.inside << " inside "
            << (plan.inside.empty() ? "no stage in particular" : plan.inside) << "\n";
  return story;
}

StepCount steps_of(const Place& place, const json::value& run, const std::string& stage) {
  const fs::path task =
      place.state() / "store/runs" / std::string(run.as_object().at("id").as_string()) / stage;
  StepCount count;
  std::set<std::int64_t> all;
  for (const auto& attempt : attempts_below(task)) {
    const auto steps = measured_steps(attempt);
    count.taken += static_cast<std::int64_t>(steps.size());
    all.insert(steps.begin(), steps.end());
  }
  count.distinct = static_cast<std::int64_t>(all.size());
  std::cout << stage << ": " << count.distinct << " steps, " << count.repeated()
            << " of them taken again\n";
  return count;
}

std::vector<std::string> ran_again(const Place& place) {
  const Finished journal = place.run({"watch", "@latest", "-o", "json"});
  std::set<std::string> finished;
  std::vector<std::string> again;
  std::istringstream lines(journal.out);
  std::size_t events = 0;
  for (std::string line; std::getline(lines, line); ++events) {
    const json::object event = json::parse(line).as_object();
    const std::string type(event.at("type").as_string());
    const auto* stage = event.if_contains("stage");
    if (stage == nullptr) continue;
    const std::string name(stage->as_string());
    if (type == "attempt_started" && finished.contains(name)) again.push_back(name);
    if (type == "attempt_finished" && !event.contains("cause")) finished.insert(name);
  }
  if (events == 0) again.emplace_back("(the journal cannot be read: " + journal.err + ")");
  return again;
}

}  // namespace cairn::e2e
