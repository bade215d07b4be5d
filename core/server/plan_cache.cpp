#include "core/server/plan_cache.h"

#include <memory>
#include <utility>

#include "core/artifacts/content_store.h"
#include "core/engine/cache_key.h"
#include "core/engine/layout.h"

namespace cairn {
namespace {

// The cache of a store, asked with the same keys that a run would use. Stages are asked for in the
// order of the plan, so that the outputs of what is reused are known.
class PlanCache {
 public:
  PlanCache(const RunStore& store, const fs::path& store_folder)
      : store_(store), artifacts_(store_folder) {}

  Result<void> lay_out(const WorkflowSpec& spec) {
    return cairn::lay_out(state_, std::make_shared<const WorkflowSpec>(spec));
  }

  std::optional<CachedResult> find(const StageSpec& stage) {
    const std::uint32_t number = state_.index.at(stage.name);
    CachedResult found;
    if (!find_task(number, stage_key(state_, number), found.saving)) return std::nullopt;
    for (const Artifact& output : state_.tasks[number].outputs)
      found.outputs[output.name()] = output.digest();
    return found;
  }

  CachedTasks find_tasks(const StageSpec& stage) {
    const std::uint32_t number = state_.index.at(stage.name);
    const Digest shared = stage_key(state_, number);
    CachedTasks found;
    for (std::uint32_t cell = 0; cell < state_.stages[number].count; ++cell) {
      const std::uint32_t task = state_.task_of(number, cell);
      if (!find_task(task, shared, found.saving)) continue;
      ++found.known;
      for (const Artifact& output : state_.tasks[task].outputs)
        found.outputs[output.name()].push_back(output.digest());
    }
    if (found.known < state_.stages[number].count) found.outputs.clear();
    return found;
  }

 private:
  // Adds to `saving` what the result cost.
  bool find_task(std::uint32_t task, const Digest& shared, Saving& saving) {
    const auto found = store_.find_cache(task_key(state_, task, shared));
    if (!found.ok() || !*found) return false;
    auto entry = decode_cache_entry(**found);
    if (!entry.ok()) return false;
    for (const Artifact& output : entry->outputs) {
      if (!artifacts_.contains(output.digest())) return false;
    }
    state_.tasks[task].outputs = std::move(entry->outputs);
    saving.add({entry->seconds, entry->gpu_seconds});
    return true;
  }

  const RunStore& store_;
  ContentStore artifacts_;
  RunState state_;
};

}  // namespace

Result<PlanSources> plan_sources(const RunStore& store, const fs::path& store_folder,
                                 const WorkflowSpec& spec) {
  auto cache = std::make_shared<PlanCache>(store, store_folder);
  CAIRN_TRY(cache->lay_out(spec));
  PlanSources sources;
  sources.cached = [cache](const StageSpec& stage, const InputDigests&) {
    return cache->find(stage);
  };
  sources.cached_tasks = [cache](const StageSpec& stage, const InputDigests&) {
    return cache->find_tasks(stage);
  };
  return sources;
}

PlanSources derived_sources(PlanSources sources, const std::string& stage,
                            std::optional<std::int64_t> checkpoint) {
  PlanSources derived;
  derived.cached = [cached = std::move(sources.cached), stage](
                       const StageSpec& spec,
                       const InputDigests& inputs) -> std::optional<CachedResult> {
    if (spec.name == stage || !cached) return std::nullopt;
    return cached(spec, inputs);
  };
  derived.cached_tasks = [cached = std::move(sources.cached_tasks), stage](
                             const StageSpec& spec, const InputDigests& inputs) {
    if (spec.name == stage || !cached) return CachedTasks();
    return cached(spec, inputs);
  };
  derived.checkpoint = [stage, checkpoint](const StageSpec& spec) -> std::optional<std::int64_t> {
    return spec.name == stage ? checkpoint : std::nullopt;
  };
  return derived;
}

}  // namespace cairn
