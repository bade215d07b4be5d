// Where commands get runs from, and who changes them: the engine that holds the store, else the
// store itself.
#pragma once

#include <memory>

#include "core/cli/cli.h"
#include "core/server/control_client.h"
#include "core/server/engine_process.h"
#include "core/server/run_source.h"
#include "core/store/run_store.h"

namespace cairn {

struct OpenRuns {
  std::unique_ptr<RemoteRuns> remote;  // null where nobody listens
  std::unique_ptr<RunStore> store;     // null where somebody does
  std::unique_ptr<RunSource> local;

  [[nodiscard]] RunSource& source() { return remote ? static_cast<RunSource&>(*remote) : *local; }
};

// The engine of --server, which must answer; else the one that serves the state folder, null where
// nobody does.
[[nodiscard]] Result<std::unique_ptr<RemoteRuns>> find_server(const Cli& cli);
// kUnavailable with the way out where nobody listens.
[[nodiscard]] Result<std::unique_ptr<RemoteRuns>> require_server(const Cli& cli);
// kNotFound where the state folder holds no store.
[[nodiscard]] Result<OpenRuns> open_runs(const Cli& cli);
// For reading, also while an engine writes it. kNotFound where there is none.
[[nodiscard]] Result<std::unique_ptr<RunStore>> open_store(const Cli& cli);

// Who carries out a change: the engine that listens, else one in this process, which takes the
// store for as long as this lives.
struct OpenControl {
  std::unique_ptr<RemoteRuns> remote;
  std::unique_ptr<EngineProcess> engine;

  [[nodiscard]] RunControl& control() {
    return remote ? static_cast<RunControl&>(*remote) : engine->control();
  }
};
// command: for those who ask who holds the store. kNotFound where the state folder holds no store;
// kConflict where another process holds it and does not listen.
[[nodiscard]] Result<OpenControl> open_control(const Cli& cli, const std::string& command);

struct RunTarget {
  std::string run;
  std::string stage;   // "STAGE" or "STAGE[LABEL]"; empty: the whole run
  std::string output;  // empty: all outputs
};
// "RUN", "RUN/STAGE" or "RUN/STAGE/OUTPUT".
[[nodiscard]] Result<RunTarget> parse_target(const std::string& text);

// The stage's element of a `get` document or of an explanation; kNotFound with the nearest name.
[[nodiscard]] Result<const json::object*> find_stage(const json::object& run,
                                                     const std::string& stage,
                                                     const char* name_key = "name");

}  // namespace cairn
