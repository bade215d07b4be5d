// RunSource: where commands get runs from, and the documents they get (DESIGN §7). Either the
// engine that holds the store or, when nobody does, the store itself, read-only.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/engine/scheduler.h"
#include "core/store/run_store.h"

namespace cairn {

struct WatchEvent {
  std::uint64_t sequence = 0;  // of the journal; 0: only progress moved
  json::object event;          // empty with sequence 0
};

// `run` is an id, a unique prefix, a name or @latest; kNotFound otherwise. Not thread-safe.
class RunSource {
 public:
  virtual ~RunSource() = default;

  // Newest first.
  [[nodiscard]] virtual Result<json::array> list() = 0;
  [[nodiscard]] virtual Result<json::object> get(const std::string& run) = 0;
  // {"id", "name", "status", "stages": [explanations]}
  [[nodiscard]] virtual Result<json::object> explain(const std::string& run) = 0;
  // Calls back with each event after the sequence, in order, until the run has ended, nobody
  // serves it, or the callback returns false.
  using OnEvent = std::function<bool(const WatchEvent&)>;
  [[nodiscard]] virtual Result<void> watch(const std::string& run, std::uint64_t after,
                                           bool progress, const OnEvent& on_event) = 0;
};

// The documents of every run in a store; those a scheduler runs come from it. With a scheduler,
// call it on its strand.
class StoreRuns final : public RunSource {
 public:
  // served: an engine runs what the store says is running, though we cannot ask it.
  StoreRuns(const RunStore& store, fs::path store_folder, const Scheduler* scheduler = nullptr,
            bool served = false)
      : store_(store),
        store_folder_(std::move(store_folder)),
        scheduler_(scheduler),
        served_(served) {}

  [[nodiscard]] Result<std::string> resolve(const std::string& run) const;

  Result<json::array> list() override;
  Result<json::object> get(const std::string& run) override;
  Result<json::object> explain(const std::string& run) override;
  // Ends after the events that are in the store.
  Result<void> watch(const std::string& run, std::uint64_t after, bool progress,
                     const OnEvent& on_event) override;

 private:
  // A run's state, and whether an engine runs it now.
  struct Found {
    RunState loaded;
    const RunState* state = nullptr;
    bool served = false;
  };
  [[nodiscard]] Result<std::unique_ptr<Found>> find(const std::string& id) const;
  // The newest older run of the same workflow.
  [[nodiscard]] Result<std::unique_ptr<Found>> find_earlier(const RunState& state) const;

  const RunStore& store_;
  fs::path store_folder_;
  const Scheduler* scheduler_;
  bool served_;
};

}  // namespace cairn
