#include "core/cli/plan_cache.h"

#include <memory>
#include <utility>

#include "core/artifacts/content_store.h"
#include "core/engine/cache_key.h"
#include "core/store/rocks_store.h"

namespace cairn {
namespace {

// The cache of a store, asked with the same keys that a run would use.
class PlanCache {
 public:
  PlanCache(std::unique_ptr<RunStore> store, const fs::path& store_dir, const WorkflowSpec& spec)
      : store_(std::move(store)), artifacts_(store_dir) {
    state_.spec = std::make_shared<const WorkflowSpec>(spec);
    state_.tasks.resize(spec.stages.size());
    for (std::size_t i = 0; i < spec.stages.size(); ++i) state_.index[spec.stages[i].name] = i;
  }

  // Called in the order of the plan, so that the outputs of what is reused are known.
  std::optional<OutputDigests> find(const StageSpec& stage) {
    const std::size_t task = state_.index.at(stage.name);
    const auto found = store_->find_cache(cache_key(state_, task).key);
    if (!found.ok() || !*found) return std::nullopt;
    auto entry = decode_cache_entry(**found);
    if (!entry.ok()) return std::nullopt;
    OutputDigests outputs;
    for (const Artifact& output : entry->outputs) {
      if (!artifacts_.contains(output.digest())) return std::nullopt;
      outputs[output.name()] = output.digest();
    }
    state_.tasks[task].outputs = std::move(entry->outputs);
    return outputs;
  }

 private:
  std::unique_ptr<RunStore> store_;
  ContentStore artifacts_;
  RunState state_;
};

}  // namespace

Result<PlanSources> plan_sources(const Cli& cli, const WorkflowSpec& spec) {
  auto store = open_rocks_store_read_only(cli.options.state_dir);
  if (!store.ok()) {
    if (store.error().code == ErrorCode::kNotFound) return PlanSources{};
    return std::move(store).error();
  }
  auto cache = std::make_shared<PlanCache>(std::move(*store), cli.options.store_dir, spec);
  PlanSources sources;
  sources.cached = [cache](const StageSpec& stage, const InputDigests&) {
    return cache->find(stage);
  };
  return sources;
}

}  // namespace cairn
