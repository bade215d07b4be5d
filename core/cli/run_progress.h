// RunProgress: what a display needs of a run, ten times a second, also with 100,000 tasks.
#pragma once

#include <map>

#include "core/engine/view.h"

namespace cairn {

// Not thread-safe; of one run.
class RunProgress {
 public:
  // {"id","status","stages"}: as a `get` document, but for what the stages made. Stages that have
  // ended are looked at once; of those with several tasks that go on, only the counts.
  [[nodiscard]] json::object look(const RunState& state, const ViewOptions& options);

 private:
  struct Ended {
    std::uint32_t revision = 0;
    json::object document;
  };
  std::map<std::uint32_t, Ended> ended_;
};

}  // namespace cairn
