// What an engine in this process may use, from options and STATE_DIR/config.yaml.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "core/cli/cli.h"
#include "core/server/engine_process.h"
#include "core/workflow/config.h"

namespace cairn {

// kOneCommand: the engine ends with the command, and hosts go on without one for 10 minutes.
// kScratch: as that, and the state folder ends with it.
// kService: hosts are kept warm between runs, and go on without an engine for a day.
enum class EngineUse : std::uint8_t { kOneCommand, kScratch, kService };

struct MachineOptions {
  int cpus = 0;                // 0: what the machine offers
  std::string memory;          // "8Gi"; empty: what the machine offers
  std::string gpus;            // a count or device ids with commas; empty: what the machine offers
  std::string orphan_timeout;  // "24h"; empty: the configuration's, else the command's
};
void add_machine_options(CLI::App& command, const std::shared_ptr<MachineOptions>& options);

// --config, else STATE_DIR/config.yaml where there is one. kInvalidArgument after the diagnostics
// were printed.
[[nodiscard]] Result<OperationConfig> load_config(const Cli& cli);

// "2" is the devices 0 and 1; "0,3" and "GPU-1f...,GPU-2a..." are those.
[[nodiscard]] Result<std::vector<std::string>> parse_gpus(const std::string& text);
// UUIDs of the devices that the driver in ROOT/proc names, sorted.
[[nodiscard]] std::vector<std::string> find_gpus(const fs::path& root = "/");

// Takes the store and listens. cli outlives it.
[[nodiscard]] Result<std::unique_ptr<EngineProcess>> start_engine(
    const Cli& cli, const MachineOptions& machine, const std::string& command, EngineUse use,
    std::optional<TcpOptions> tcp = {});

// Says which runs' hosts work on that an engine left which died: nothing starts in their place.
void warn_of_others(const Cli& cli, EngineProcess& engine);

}  // namespace cairn
