// Attempt: one assignment, from its parameters to its last report.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/host/claims.h"
#include "core/host/fingerprint.h"
#include "core/host/limits.h"
#include "core/host/output_capture.h"
#include "core/host/plugin_shelf.h"
#include "core/host/work.h"
#include "core/sdk/runtime/attempt_context.h"
#include "core/sdk/runtime/execute.h"
#include "schemas/host.pb.h"

namespace cairn::host {

// An assignment with what it names.
struct Order {
  v1::Assignment assignment;
  std::shared_ptr<Work> work;
};

// What the attempts of a host share.
struct Workshop {
  FileSystem& files;
  const Clock& clock;
  PluginShelf& shelf;
  OutputCapture& capture;
  fs::path temp;  // of the attempt that runs
  // Of the worker's thread.
  Claims claims;
  Fingerprints fingerprints;
  ThreadLimits limits;
  // Takes a report that must not be lost; may_wait: a few milliseconds, for more. Thread-safe.
  std::function<void(v1::HostReport, bool may_wait)> report;
};

class Attempt {
 public:
  Attempt(Workshop& shop, Order order);
  Attempt(const Attempt&) = delete;
  Attempt& operator=(const Attempt&) = delete;

  // Runs the stage; the last report it makes says Finished.
  void run();

  // The following may be called from any thread while it runs.

  // Asks the stage to stop; cause, if it does: "cancelled" or "preempted". The first call counts.
  void stop(const std::string& cause);
  [[nodiscard]] v1::HostReport heartbeat();
  // It runs for so long that what it prints goes to its own file.
  void divert_output();
  // Its log of output is kept within bounds.
  void shorten_output();
  // The last report of a stage that has taken more memory than it was given; nothing where it has
  // not. It cannot be stopped in time: the process is to end.
  [[nodiscard]] std::optional<v1::HostReport> outgrown(std::uint64_t taken);
  // Whether the folder it made is still there.
  [[nodiscard]] bool folder_exists() const;

  [[nodiscard]] const v1::AttemptId& id() const { return order_.assignment.attempt(); }
  [[nodiscard]] Duration began() const { return began_; }

 private:
  [[nodiscard]] std::optional<StageFailure> execute();
  [[nodiscard]] Result<void> open_checkpoints(bool* prelude);
  [[nodiscard]] Result<const StageBinding*> bind(bool prelude);
  [[nodiscard]] std::optional<StageFailure> run_prelude(const StageType& type);
  [[nodiscard]] std::optional<StageFailure> run_once(const StageType& type, bool prelude);
  [[nodiscard]] Result<bool> has_checkpoint_from(std::int64_t step) const;
  [[nodiscard]] Result<void> publish(v1::Finished& finished);
  void report_started();
  void judge(const std::optional<StageFailure>& failure, v1::Finished& finished);
  void finish(v1::Finished finished);
  [[nodiscard]] v1::HostReport last_report(v1::Finished finished);
  [[nodiscard]] OutputCapture::Target output_target();

  Workshop& shop_;
  const Order order_;
  AttemptContext context_;
  const Duration began_;
  std::atomic<std::int64_t> started_ms_{0};

  std::mutex mutex_;  // guards what follows
  std::string stop_cause_;
};

// The last report of an assignment that never began.
[[nodiscard]] v1::HostReport never_began(const v1::AttemptId& id, const Clock& clock,
                                         const std::string& cause, const std::string& message);
[[nodiscard]] v1::HostReport returned(const v1::AttemptId& id);

}  // namespace cairn::host
