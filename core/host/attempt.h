// Attempt: one assignment, from loading the plugin to the last report in its spool.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/host/spool.h"
#include "core/plugin/library.h"
#include "core/sdk/runtime/attempt_context.h"
#include "core/sdk/runtime/execute.h"
#include "schemas/host.pb.h"

namespace cairn::host {

// Libraries this process has loaded; they stay loaded. Not thread-safe.
class PluginShelf {
 public:
  // Loads the library, or takes it from the shelf. A file that is not the one the engine saw, or
  // not the one loaded here, is an error.
  [[nodiscard]] Result<const PluginLibrary*> get(const fs::path& library, const Digest& digest);
  [[nodiscard]] std::vector<std::string> loaded() const;

 private:
  std::map<std::string, PluginLibrary> libraries_;
};

class Attempt {
 public:
  struct Hooks {
    // A report that is in the spool and may be sent; from the stage's thread. Exactly one says
    // Finished, and it is the last.
    std::function<void(v1::HostReport)> report;
  };

  Attempt(FileSystem& files, const Clock& clock, PluginShelf& shelf, v1::Assignment assignment,
          Hooks hooks);
  // Waits for the stage.
  ~Attempt();
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  void start();
  // Asks the stage to stop; cause, if it does: "cancelled" or "preempted". The first call counts.
  void stop(const std::string& cause);

  [[nodiscard]] const v1::AttemptId& id() const { return assignment_.attempt(); }
  [[nodiscard]] const AttemptFolder& folder() const { return folder_; }
  // Nothing before the stage runs.
  [[nodiscard]] std::optional<v1::HostReport> heartbeat() const;

 private:
  void run();
  [[nodiscard]] std::optional<StageFailure> execute(v1::Finished& finished);
  [[nodiscard]] Result<const StageType*> load_stage_type();
  [[nodiscard]] Result<void> open_context();
  [[nodiscard]] Result<void> publish(v1::Finished& finished);
  [[nodiscard]] Result<void> spool(v1::HostReport report);
  void finish(v1::Finished finished);

  FileSystem& files_;
  const Clock& clock_;
  PluginShelf& shelf_;
  const v1::Assignment assignment_;
  const Hooks hooks_;
  const AttemptFolder folder_;
  std::optional<Spool> spool_;
  std::thread thread_;

  mutable std::mutex mutex_;  // guards what follows
  std::unique_ptr<AttemptContext> context_;
  std::string stop_cause_;
};

}  // namespace cairn::host
