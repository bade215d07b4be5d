// A program that answers a line of JSON for each line it is sent: a peer that is timed turn by turn
// with ours.
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <vector>

#include "core/base/json.h"

namespace cairn::bench {

// Ends with the object. Not thread-safe.
class Peer {
 public:
  explicit Peer(const std::vector<std::string>& command);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  // Nothing once the program has ended, or when it answers something else.
  [[nodiscard]] std::optional<json::object> ask(const json::value& request);

 private:
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
  int pid_ = -1;
};

}  // namespace cairn::bench
