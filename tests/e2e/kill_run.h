// One run that is killed again and again: the engine, a host, or both, at moments drawn from a
// seed; then what its journal and its attempts tell about it.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {

struct KillPlan {
  std::uint64_t seed = 1;
  int kills = 10;
  std::string inside;    // stage that must be hit while it takes steps; empty: none
  int kills_inside = 0;  // how often at least
};

struct KillStory {
  int kills = 0;
  int inside = 0;
  int engines = 0;
  int hosts = 0;
  Finished last;    // the command that ended the run
  json::value run;  // its `get` document
};

// Starts `cairn run FILE` and resumes it until it ends. Every second kill waits for a new step, so
// that the run moves forward whatever the luck of the others.
[[nodiscard]] KillStory run_with_kills(const Place& place, const fs::path& workflow,
                                       const KillPlan& plan);

struct StepCount {
  std::int64_t taken = 0;     // over all attempts
  std::int64_t distinct = 0;  // different steps
  [[nodiscard]] std::int64_t repeated() const { return taken - distinct; }
};
// Steps that the attempts of a stage measured.
[[nodiscard]] StepCount steps_of(const Place& place, const json::value& run,
                                 const std::string& stage);

// Stages for which the journal holds an attempt that started after one had succeeded.
[[nodiscard]] std::vector<std::string> ran_again(const Place& place);

}  // namespace cairn::e2e
