// Runs one stage object through its life: parameters, binding, run, and the check that every
// output is there. What a host and a test harness have in common.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/sdk/context.h"
#include "core/sdk/plugin.h"

namespace cairn {

// Why an attempt failed, in DESIGN §5's words: error, cancelled, oom, invalid_output.
struct StageFailure {
  std::string cause;
  std::string message;
};

struct StageRun {
  json::object params;  // checked again and completed with defaults
  std::map<std::string, std::vector<fs::path>> inputs;
  std::vector<std::string> outputs;  // must exist in out_dir afterwards
  fs::path out_dir;
};

// Nothing on success. An exception of the stage is a failure like any other.
[[nodiscard]] std::optional<StageFailure> run_stage(const StageType& type, const StageRun& run,
                                                    StageContext& ctx);
// The same with what was prepared already; outputs must exist in binding.out_dir afterwards.
[[nodiscard]] std::optional<StageFailure> run_stage(const StageType& type,
                                                    const StageBinding& binding,
                                                    const std::vector<std::string>& outputs,
                                                    StageContext& ctx);

}  // namespace cairn
