// RunControl: everything that changes runs. In the process that holds the store it is
// EngineControl; elsewhere RemoteRuns asks that process.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/artifacts/store_users.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "core/engine/scheduler.h"
#include "core/server/api/engine_runs.h"
#include "core/server/run_source.h"

namespace cairn {

struct ResumeWish {
  ResumeOptions options;
  bool dry_run = false;
};

struct CollectWish {
  bool dry_run = false;
  std::uint64_t quota_bytes = 0;       // 0: only what nothing needs
  std::vector<std::string> keep_best;  // "METRIC:K", "-METRIC:K" where smaller is better
};

// Each returns once the wish is durable. `run` is as RunSource's.
class RunControl {
 public:
  virtual ~RunControl() = default;

  // {"id","name","status"}
  [[nodiscard]] virtual Result<json::object> submit(const WorkflowSpec& workflow,
                                                    const SubmitOptions& options) = 0;
  // These three return the run's row, as in a list. key: as Scheduler's; its id may be empty.
  [[nodiscard]] virtual Result<json::object> cancel(const std::string& run,
                                                    const v1::RequestKey& key) = 0;
  [[nodiscard]] virtual Result<json::object> pause(const std::string& run, bool paused,
                                                   const v1::RequestKey& key) = 0;
  [[nodiscard]] virtual Result<json::object> approve(const std::string& run,
                                                     const std::string& stage, bool approved,
                                                     const std::string& by,
                                                     const v1::RequestKey& key) = 0;
  // resume_view() of what happens, or would happen.
  [[nodiscard]] virtual Result<json::object> resume(const std::string& run,
                                                    const ResumeWish& wish) = 0;
  // {"id","name","status"} of the new run.
  [[nodiscard]] virtual Result<json::object> derive(const DeriveOptions& options) = 0;
  // {"id"}
  [[nodiscard]] virtual Result<json::object> remove(const std::string& run) = 0;
  // gc_view() of core/server/collect.h
  [[nodiscard]] virtual Result<json::object> collect(const CollectWish& wish) = 0;
  // A copy of the journal in a folder that does not exist yet:
  // {"folder","sequence","files","bytes"}.
  [[nodiscard]] virtual Result<json::object> backup(const std::string& folder) = 0;
};

// The newest complete checkpoint below a task's folder, no later than `most`; -1: any.
[[nodiscard]] std::optional<std::int64_t> newest_checkpoint(const fs::path& task_folder,
                                                            std::int64_t most);

// Over the scheduler of this process. Thread-safe; make it while nothing runs the io_context, and
// never call it on the strand.
class EngineControl final : public RunControl {
 public:
  EngineControl(Scheduler& scheduler, RunStore& store, ContentStore& artifacts, StoreUser user)
      : scheduler_(scheduler),
        store_(store),
        artifacts_(artifacts),
        user_(std::move(user)),
        runs_(scheduler, store, artifacts.store_folder()) {}

  // From now on nothing new begins. On the strand.
  void close() { closed_ = true; }
  // Closes if nothing goes on, or the engine has halted, and says whether it is so.
  [[nodiscard]] bool close_when_idle();

  Result<json::object> submit(const WorkflowSpec& workflow, const SubmitOptions& options) override;
  Result<json::object> cancel(const std::string& run, const v1::RequestKey& key) override;
  Result<json::object> pause(const std::string& run, bool paused,
                             const v1::RequestKey& key) override;
  Result<json::object> approve(const std::string& run, const std::string& stage, bool approved,
                               const std::string& by, const v1::RequestKey& key) override;
  Result<json::object> resume(const std::string& run, const ResumeWish& wish) override;
  Result<json::object> derive(const DeriveOptions& options) override;
  Result<json::object> remove(const std::string& run) override;
  Result<json::object> collect(const CollectWish& wish) override;
  Result<json::object> backup(const std::string& folder) override;

  [[nodiscard]] api::EngineRuns& runs() { return runs_; }

 private:
  template <typename Act>
  Result<json::object> change(const std::string& run, Act act);
  [[nodiscard]] Result<json::object> begun(const Result<std::string>& id);
  [[nodiscard]] Result<void> refuse_when_closed() const;
  [[nodiscard]] Result<void> refuse_when_shared() const;

  Scheduler& scheduler_;
  RunStore& store_;
  ContentStore& artifacts_;
  const StoreUser user_;  // this state folder
  api::EngineRuns runs_;
  bool closed_ = false;  // of the strand
};

}  // namespace cairn
