// What `rerun` and `fork` share: a new run made from another.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "core/cli/cli.h"
#include "core/cli/machine.h"

namespace cairn {

struct DeriveRequest {
  std::string run;
  std::string stage;
  bool fork = false;
  std::int64_t step = -1;
  std::string request_id;
  bool accept_changed_plugins = false;
  MachineOptions machine;
  std::shared_ptr<std::string> timeout = std::make_shared<std::string>();
};

// Adds the options that both have.
void add_derive_options(CLI::App& command, Cli& cli, const std::shared_ptr<DeriveRequest>& request);

// Through the engine that listens, else with one in this process; then the new run is followed.
[[nodiscard]] ExitCode derive_run(const Cli& cli, const DeriveRequest& request);

// "STAGE" or "STAGE:STEP".
[[nodiscard]] Result<std::pair<std::string, std::int64_t>> parse_fork_point(
    const std::string& text);

}  // namespace cairn
