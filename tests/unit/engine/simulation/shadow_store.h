// ShadowStore: a RunStore that knows what is durable: it folds every batch that reached the disk.
#pragma once

#include <functional>
#include <map>

#include "core/engine/load.h"
#include "core/engine/step.h"
#include "core/testing/memory_run_store.h"

namespace cairn::testing {

class ShadowStore final : public RunStore {
 public:
  explicit ShadowStore(MemoryRunStore& store) : store_(store) {}

  // The fold of what is on disk; null: no such run.
  [[nodiscard]] const RunState* durable(const std::string& run) const {
    const auto found = runs_.find(run);
    return found == runs_.end() ? nullptr : &found->second;
  }
  // Told of every event once it is durable, with the state after it.
  struct Before {
    std::vector<TaskPhase> phases;
    std::map<std::string, TaskPhase> by_name;  // where the event may number tasks anew
    RunStatus status = RunStatus::kRunning;
    bool stopped = false;
  };
  std::function<void(const Before& before, const Event& event, const RunState& after)> on_event;
  std::vector<std::string> violations;

  Result<std::uint64_t> append(const StoreBatch& batch) override {
    const std::uint64_t before = store_.last_sequence();
    auto result = store_.append(batch);
    if (store_.last_sequence() > before) {
      for (const auto& record : batch.journal) fold(record);
    }
    return result;
  }
  Result<void> read_journal(const std::string& run, std::uint64_t after,
                            const OnRecord& on_record) const override {
    return store_.read_journal(run, after, on_record);
  }
  Result<std::vector<RunSummary>> list_runs() const override { return store_.list_runs(); }
  Result<std::optional<std::string>> find_snapshot(const std::string& run) const override {
    return store_.find_snapshot(run);
  }
  Result<std::optional<std::string>> find_cache(const std::string& key) const override {
    return store_.find_cache(key);
  }
  Result<void> read_cache(const OnEntry& on_entry) const override {
    return store_.read_cache(on_entry);
  }
  std::uint64_t last_sequence() const override { return store_.last_sequence(); }
  std::string identity() const override { return store_.identity(); }
  Result<void> copy_to(const std::string& folder) override { return store_.copy_to(folder); }
  Result<void> verify() override { return store_.verify(); }

 private:
  void fold(const StoreBatch::Append& record) {
    RunState& state = runs_[record.run];
    state.id = record.run;
    const auto events = decode_record(record.bytes, state);
    if (!events.ok()) {
      violations.push_back("the journal cannot be read: " + events.error().to_string());
      return;
    }
    for (const Event& event : *events) {
      Before before{
          .phases = {}, .by_name = {}, .status = state.status, .stopped = state.stop.has_value()};
      for (const TaskState& task : state.tasks) before.phases.push_back(task.phase);
      for (std::uint32_t i = 0; event.has_run_resumed() && i < state.tasks.size(); ++i) {
        before.by_name[task_name(state, i)] = state.tasks[i].phase;
      }
      if (const auto stepped = step(state, event); !stepped.ok()) {
        violations.push_back("the journal cannot be folded: " + stepped.error().to_string());
        return;
      }
      if (on_event) on_event(before, event, state);
    }
  }

  MemoryRunStore& store_;
  std::map<std::string, RunState> runs_;
};

}  // namespace cairn::testing
