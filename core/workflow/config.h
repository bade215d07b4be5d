// STATE_DIR/config.yaml: what the operator of a state folder decides. No workflow overrides it.
//
//   pools: {licences: 2}            # units of pools that all runs share
//   quotas: {artifacts: 100Gi}      # what `cairn artifacts gc` keeps at most
//   free_space: 2Gi                 # of the store's disk, below which no new work starts
//   retention:
//     keep_best: ["reward_mean:3"]  # results that gc keeps; "-loss:1" where smaller is better
//   orphan_timeout: 24h             # how long a host goes on without an engine
//   capture: [SLURM_JOB_ID]         # environment variables noted with each run
//   environment: [HF_HOME, "WANDB_*"]  # variables that stages find beside the usual ones
//   policy:
//     privileges: inherit           # stages that ask for it may gain privileges (sudo)
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/workflow/diagnostics.h"

namespace cairn {

struct OperationConfig {
  std::map<std::string, int> pools;
  std::optional<std::uint64_t> artifact_quota;  // bytes
  std::uint64_t free_space = 0;                 // bytes; 0: work starts whatever is free
  std::vector<std::string> keep_best;
  std::optional<Duration> orphan_timeout;
  std::vector<std::string> capture;
  std::vector<std::string> environment;
  bool privileges = false;
};

// Unknown keys and wrong values are diagnostics; the result counts only where there is no error.
// kNotFound: no such file.
[[nodiscard]] Result<OperationConfig> read_config(const fs::path& file, Diagnostics& diagnostics);

}  // namespace cairn
