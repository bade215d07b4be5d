#include "core/cli/debug_stage.h"

#include <poll.h>

#include <algorithm>
#include <cstdlib>

#include "core/base/text.h"
#include "core/workflow/diagnostics.h"

namespace cairn {
namespace {

constexpr int kLookMs = 100;

}  // namespace

Result<std::unique_ptr<DebugStage>> DebugStage::prepare(const Cli& cli, const std::string& stage,
                                                        WorkflowSpec& spec) {
  std::vector<std::string> names;
  for (StageSpec& candidate : spec.stages) {
    names.push_back(candidate.name);
    if (candidate.name != stage) continue;
    candidate.timeout.reset();
    candidate.cache = false;
    candidate.fresh_host = true;
    CAIRN_ASSIGN(const fs::path folder,
                 make_private_folder(fs::temp_directory_path(), "cairn-debug-"));
    return std::unique_ptr<DebugStage>(new DebugStage(cli, stage, folder));
  }
  const std::string hint = did_you_mean(stage, names);
  return not_found("there is no stage '" + printable(stage) + "' to debug",
                   hint.empty() ? "stages: " + join(names, ", ") : hint);
}

DebugStage::DebugStage(const Cli& cli, std::string stage, fs::path folder)
    : cli_(cli), stage_(std::move(stage)), folder_(std::move(folder)) {
  ::setenv("CAIRN_DEBUG_STAGE", stage_.c_str(), 1);
  ::setenv("CAIRN_DEBUG_FILE", (folder_ / "waits").c_str(), 1);
  watcher_ = std::jthread([this](const std::stop_token& stop) { watch(stop); });
}

DebugStage::~DebugStage() {
  watcher_.request_stop();
  watcher_.join();
  ::unsetenv("CAIRN_DEBUG_STAGE");
  ::unsetenv("CAIRN_DEBUG_FILE");
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void DebugStage::watch(const std::stop_token& stop) const {
  std::string told;
  for (; !stop.stop_requested(); ::poll(nullptr, 0, kLookMs)) {
    const auto text = real_file_system().read(folder_ / "waits");
    const std::string pid(text.ok() ? trim(*text) : "");
    if (pid.empty() || pid == told) continue;
    told = pid;
    *cli_.err << "stage '" << stage_ << "' waits for a debugger in process " << pid << ":\n"
              << "  gdb -p " << pid << "\n"
              << "  VS Code: {\"name\": \"" << stage_
              << "\", \"type\": \"cppdbg\", \"request\": \"attach\", \"program\": \""
              << cli_.host_program().string() << "\", \"processId\": \"" << pid << "\"}"
              << std::endl;
  }
}

}  // namespace cairn
