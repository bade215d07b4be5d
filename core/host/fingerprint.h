// What exact resume rests on besides the seed (DESIGN §2): processor, libraries, threads.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "core/base/json.h"

namespace cairn::host {

// {"cpu","cores","threads","kernel","libraries":[names of the numerical and C++ libraries now
// loaded]}. Taken after the plugin is loaded.
[[nodiscard]] json::object fingerprint(int threads);

// Takes fingerprints no oftener than they can change. Of one thread.
class Fingerprints {
 public:
  // The fingerprint as JSON text, or "" where it is that of the attempt before and of its run.
  // plugins: how many are loaded; that only grows.
  [[nodiscard]] std::string news(const std::string& run, std::size_t plugins, int threads);

 private:
  using Kind = std::pair<std::size_t, int>;
  std::map<Kind, std::string> known_;
  std::string run_;
  std::string last_;
};

}  // namespace cairn::host
