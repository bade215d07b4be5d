// `cairn run --debug-stage STAGE`: the stage waits for a debugger, and nothing hurries it.
#pragma once

#include <memory>
#include <string>
#include <thread>

#include "core/cli/cli.h"
#include "core/workflow/spec.h"

namespace cairn {

// While it lives, hosts that are started make the stage wait, and each that waits is named on err.
class DebugStage {
 public:
  // Takes the stage's timeout, and runs it even where a result is known. kNotFound: no such stage.
  [[nodiscard]] static Result<std::unique_ptr<DebugStage>> prepare(const Cli& cli,
                                                                   const std::string& stage,
                                                                   WorkflowSpec& spec);
  ~DebugStage();
  DebugStage(const DebugStage&) = delete;
  DebugStage& operator=(const DebugStage&) = delete;

 private:
  DebugStage(const Cli& cli, std::string stage, fs::path folder);
  void watch(const std::stop_token& stop) const;

  const Cli& cli_;
  const std::string stage_;
  const fs::path folder_;
  std::jthread watcher_;
};

}  // namespace cairn
