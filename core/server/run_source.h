// RunSource: where commands get runs from, and the documents they get (DESIGN §7). Either the
// engine that holds the store or, when nobody does, the store itself, read-only.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/engine/load.h"
#include "core/engine/view.h"
#include "core/server/run_filter.h"
#include "core/store/run_store.h"
#include "schemas/control.pb.h"

namespace cairn {

inline constexpr std::uint32_t kTasksOnAPage = 100;

// Of the tasks of one stage.
struct TaskPage {
  std::uint32_t offset = 0;
  std::uint32_t limit = kTasksOnAPage;
};

struct WatchEvent {
  std::uint64_t sequence = 0;  // of the journal; 0: only progress moved
  json::object event;          // empty with sequence 0
};

// WatchOptions::after of a watch that is told only that something moved.
inline constexpr std::uint64_t kNoEvents = ~std::uint64_t{0};

struct WatchOptions {
  std::uint64_t after = 0;
  bool progress = false;          // also items without a sequence when progress moved
  bool follow = true;             // else: what there is
  std::optional<Duration> limit;  // of the whole watch; over it: kUnavailable with timed_out()
};

// The error of a watch that went on for longer than its limit.
[[nodiscard]] Error timed_out();
[[nodiscard]] bool is_timed_out(const Error& error);

// `run` is an id, a unique prefix, a name or @latest; kNotFound otherwise.
class RunSource {
 public:
  virtual ~RunSource() = default;

  // Newest first; limit 0: all. The request's cursor is of no account.
  [[nodiscard]] virtual Result<json::array> list(const v1::ListRequest& request) = 0;
  [[nodiscard]] virtual Result<json::object> get(const std::string& run) = 0;
  // stage: "STAGE" (with several tasks: a page of them) or "STAGE[LABEL]".
  [[nodiscard]] virtual Result<json::object> get_stage(const std::string& run,
                                                       const std::string& stage,
                                                       const TaskPage& page) = 0;
  // {"id","name","status","environment"?,"stages":[explanations]}. stage empty: all stages, those
  // of several tasks with the first in trouble; "STAGE": a page of its tasks; or "STAGE[LABEL]".
  [[nodiscard]] virtual Result<json::object> explain(const std::string& run,
                                                     const std::string& stage,
                                                     const TaskPage& page) = 0;
  // Calls back with each event after the sequence, in order, until the run has ended, nobody
  // serves it, or the callback returns false.
  using OnEvent = std::function<bool(const WatchEvent&)>;
  [[nodiscard]] virtual Result<void> watch(const std::string& run, const WatchOptions& options,
                                           const OnEvent& on_event) = 0;
};

// kNotFound with the nearest name: the run has no such stage, or the stage no such task.
[[nodiscard]] Error no_such_stage(const RunState& state, const std::string& name);

// The document of get_stage, and that of explain, for a run as it is; earlier may be null. A single
// task's "params" are all it has, those of a page of tasks what each has of its own.
[[nodiscard]] Result<json::object> stage_document(const RunState& state, const std::string& stage,
                                                  const TaskPage& page, const ViewOptions& options);
[[nodiscard]] Result<json::object> explain_document(const RunState& state, const RunState* earlier,
                                                    const std::string& stage, const TaskPage& page,
                                                    bool served);

// The documents of every run in a store that this process does not serve. Thread-safe.
class StoreRuns final : public RunSource {
 public:
  // served: an engine runs what the store says is running, though we cannot ask it.
  StoreRuns(const RunStore& store, fs::path store_folder, bool served = false)
      : store_(store), store_folder_(std::move(store_folder)), served_(served) {}

  Result<json::array> list(const v1::ListRequest& request) override;
  Result<json::object> get(const std::string& run) override;
  Result<json::object> get_stage(const std::string& run, const std::string& stage,
                                 const TaskPage& page) override;
  Result<json::object> explain(const std::string& run, const std::string& stage,
                               const TaskPage& page) override;
  // Ends after the events that are in the store.
  Result<void> watch(const std::string& run, const WatchOptions& options,
                     const OnEvent& on_event) override;

 private:
  [[nodiscard]] Result<std::string> resolve(const std::string& run) const;
  [[nodiscard]] Result<RunState> load(const std::string& run) const;
  // The newest older run of the same workflow.
  [[nodiscard]] Result<std::unique_ptr<RunState>> find_earlier(const std::string& id) const;

  const RunStore& store_;
  fs::path store_folder_;
  bool served_;
};

}  // namespace cairn
