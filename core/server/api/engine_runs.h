// EngineRuns: the documents of every run, in the process that holds the store. They come from
// replicas (replicas.h), so that reading holds nobody up.
#pragma once

#include <functional>
#include <string>

#include "core/base/clock.h"
#include "core/engine/scheduler.h"
#include "core/server/api/replicas.h"
#include "core/server/api/run_rows.h"
#include "core/server/run_source.h"

namespace cairn::api {

// Thread-safe. Make and destroy it while nothing runs the io_context, and never call it on the
// strand.
class EngineRuns final : public RunSource {
 public:
  // All outlive it.
  EngineRuns(Scheduler& scheduler, const RunStore& store, fs::path store_folder,
             const Clock& clock = system_clock());
  ~EngineRuns() override;
  EngineRuns(const EngineRuns&) = delete;
  EngineRuns& operator=(const EngineRuns&) = delete;

  Result<json::array> list(const v1::ListRequest& request) override;
  Result<json::object> get(const std::string& run) override;
  Result<json::object> get_stage(const std::string& run, const std::string& stage,
                                 const TaskPage& page) override;
  Result<json::object> explain(const std::string& run, const std::string& stage,
                               const TaskPage& page) override;
  // Ends after the events that are in the store.
  Result<void> watch(const std::string& run, const WatchOptions& options,
                     const OnEvent& on_event) override;

  // An id, a unique prefix, a name or @latest.
  [[nodiscard]] Result<std::string> resolve(const std::string& run) { return rows_.resolve(run); }
  // A document made of the run as it is now.
  using View = std::function<Result<json::object>(const RunNow& now)>;
  [[nodiscard]] Result<json::object> view(const std::string& run, const View& view);

  // A run was deleted, which no journal says. `on_deleted` is called with its id.
  void note_deleted(const std::string& run);
  void on_deleted(std::function<void(const std::string& run)> callback);

  [[nodiscard]] RunRows& rows() { return rows_; }
  [[nodiscard]] Replicas& replicas() { return replicas_; }
  [[nodiscard]] const fs::path& store_folder() const { return store_folder_; }

 private:
  Scheduler& scheduler_;
  const RunStore& store_;
  fs::path store_folder_;
  Replicas replicas_;
  RunRows rows_;
  int subscription_ = 0;
  std::mutex mutex_;
  std::function<void(const std::string& run)> on_deleted_;  // guarded by mutex_
};

}  // namespace cairn::api
