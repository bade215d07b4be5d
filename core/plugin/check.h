// `cairn plugins check`: whether the stage types of a library keep what Cairn asks of every stage.
//
// Each attempt runs in a process of its own (`cairn-host --self-test`): a kill is a kill, and a
// crash is a finding.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"
#include "core/plugin/self_test.h"

namespace cairn {

enum class CheckStatus { kPassed, kFailed, kSkipped };

struct CheckFinding {
  std::string check;  // "kill and resume"
  CheckStatus status = CheckStatus::kPassed;
  std::string detail;  // what was seen; what is wrong, a line each
};

struct PluginCheck {
  fs::path library;
  fs::path host_program;
  fs::path folder;  // an empty one, for everything that is written
  // In place of the stage type's own self-test; for one stage type.
  std::optional<json::object> params;
  std::map<std::string, std::vector<std::string>> inputs;
  Duration timeout{300'000};       // of one attempt
  Duration answers_within{1'000};  // of a request to stop
};

// Called before each check, for progress.
using OnCheck = std::function<void(const std::string& stage_type, const std::string& check)>;

[[nodiscard]] std::vector<CheckFinding> check_stage_type(const PluginCheck& check,
                                                         const LibraryManifest& manifest,
                                                         const StageDecl& stage,
                                                         const OnCheck& on_check);

}  // namespace cairn
