// Whether a run is what a request asks for that was sent again with the same Idempotency-Key. Pure.
#pragma once

#include "core/engine/state.h"
#include "core/store/run_store.h"

namespace cairn::api {

// What the run was made of, as far as the client gave it.
struct Asked {
  std::string source;  // the workflow's text
  std::string name;
  std::uint64_t seed = 0;
  json::object params;
  v1::Origin origin;  // run empty: it has none
};
[[nodiscard]] Asked asked_of(const WorkflowSpec& spec);

// kConflict: the run with this id was made of something else. Nothing: it was not.
[[nodiscard]] Result<void> check_repeat(const RunStore& store, const std::string& run,
                                        const Asked& asked);

}  // namespace cairn::api
