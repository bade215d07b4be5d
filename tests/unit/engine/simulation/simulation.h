// One life of the engine, drawn from a seed: a random workflow under random deaths, with every
// promise checked after every event.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace cairn::testing {

struct Life {
  std::optional<std::string> failure;  // the first promise that was broken
  int tasks = 0;
  int crashes = 0;  // of engines, hosts and the machine
  int events = 0;
  std::map<std::string, std::uint64_t> reached;  // "phase x event" of tasks and runs
};

[[nodiscard]] Life live_through(std::uint64_t seed);

// Every pair that a life can come to.
[[nodiscard]] const std::map<std::string, std::string>& all_pairs();  // pair -> what it means

}  // namespace cairn::testing
