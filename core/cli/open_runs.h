// Where the reading commands get runs from: the engine that holds the store, else the store itself.
#pragma once

#include <memory>

#include "core/cli/cli.h"
#include "core/server/control_client.h"
#include "core/server/run_source.h"
#include "core/store/run_store.h"

namespace cairn {

struct OpenRuns {
  std::unique_ptr<RemoteRuns> remote;  // null where nobody listens
  std::unique_ptr<RunStore> store;     // null where somebody does
  std::unique_ptr<RunSource> local;

  [[nodiscard]] RunSource& source() { return remote ? static_cast<RunSource&>(*remote) : *local; }
};

// kNotFound where the state folder holds no store.
[[nodiscard]] Result<OpenRuns> open_runs(const Cli& cli);

struct RunTarget {
  std::string run;
  std::string stage;   // empty: the whole run
  std::string output;  // empty: all outputs
};
// "RUN", "RUN/STAGE" or "RUN/STAGE/OUTPUT".
[[nodiscard]] Result<RunTarget> parse_target(const std::string& text);

// The stage's element of a `get` document or of an explanation; kNotFound with the nearest name.
[[nodiscard]] Result<const json::object*> find_stage(const json::object& run,
                                                     const std::string& stage,
                                                     const char* name_key = "name");

}  // namespace cairn
