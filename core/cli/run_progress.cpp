#include "core/cli/run_progress.h"

namespace cairn {
namespace {

json::object counts_only(const RunState& state, std::uint32_t number, bool served) {
  const StageState& stage = state.stages[number];
  return {{"name", state.spec->stages[number].name},
          {"status", stage_status(state, number, served)},
          {"progress", json::object{{"done", stage.in(TaskPhase::kSucceeded)},
                                    {"total", stage.count},
                                    {"unit", "tasks"}}}};
}

}  // namespace

json::object RunProgress::look(const RunState& state, const ViewOptions& options) {
  json::array stages;
  for (std::uint32_t i = 0; i < state.stages.size(); ++i) {
    const StageState& stage = state.stages[i];
    if (!stage.settled() && stage.count > 1) {
      ended_.erase(i);
      stages.push_back(counts_only(state, i, options.served));
      continue;
    }
    const auto known = ended_.find(i);
    if (stage.settled() && known != ended_.end() && known->second.revision == state.revision) {
      stages.push_back(known->second.document);
      continue;
    }
    json::object document = stage_view(state, i, options);
    document.erase("outputs");
    if (stage.settled()) ended_[i] = {state.revision, document};
    stages.push_back(std::move(document));
  }
  return {{"id", state.id},
          {"status", run_status(state, options.served)},
          {"stages", std::move(stages)}};
}

}  // namespace cairn
