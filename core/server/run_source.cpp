#include "core/server/run_source.h"

#include <algorithm>

#include "core/engine/load.h"
#include "core/engine/view.h"

namespace cairn {

Result<std::string> StoreRuns::resolve(const std::string& run) const {
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(store_));
  return resolve_run(rows, run);
}

Result<std::unique_ptr<StoreRuns::Found>> StoreRuns::find(const std::string& id) const {
  auto found = std::make_unique<Found>();
  if (scheduler_ != nullptr) found->state = scheduler_->find(id);
  if (found->state != nullptr) {
    found->served = true;
    return found;
  }
  CAIRN_ASSIGN(found->loaded, load_run(store_, id));
  found->state = &found->loaded;
  found->served = served_;
  return found;
}

Result<std::unique_ptr<StoreRuns::Found>> StoreRuns::find_earlier(const RunState& state) const {
  CAIRN_ASSIGN(std::vector<RunRow> rows, list_rows(store_));
  std::ranges::reverse(rows);
  for (const RunRow& row : rows) {
    if (row.id < state.id && row.name == state.spec->name) return find(row.id);
  }
  return std::unique_ptr<Found>();
}

Result<json::array> StoreRuns::list() {
  CAIRN_ASSIGN(std::vector<RunRow> rows, list_rows(store_));
  std::ranges::reverse(rows);
  json::array runs;
  for (const RunRow& row : rows) {
    CAIRN_ASSIGN(const auto found, find(row.id));
    runs.push_back(list_row(*found->state, found->served));
  }
  return runs;
}

Result<json::object> StoreRuns::get(const std::string& run) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  CAIRN_ASSIGN(const auto found, find(id));
  LiveTasks live;
  if (scheduler_ != nullptr && found->served) live = scheduler_->live(id);
  return run_view(*found->state, {store_folder_, found->served, &live});
}

Result<json::object> StoreRuns::explain(const std::string& run) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  CAIRN_ASSIGN(const auto found, find(id));
  const RunState& state = *found->state;
  CAIRN_ASSIGN(const auto earlier, find_earlier(state));
  json::array stages;
  for (std::size_t task = 0; task < state.tasks.size(); ++task) {
    stages.push_back(explain_view(state, task, found->served, earlier ? earlier->state : nullptr));
  }
  return json::object{{"id", state.id},
                      {"name", state.spec->name},
                      {"status", run_status(state, found->served)},
                      {"stages", std::move(stages)}};
}

Result<void> StoreRuns::watch(const std::string& run, std::uint64_t after, bool progress,
                              const OnEvent& on_event) {
  (void)progress;
  CAIRN_ASSIGN(const std::string id, resolve(run));
  CAIRN_ASSIGN(const std::vector<JournalEvent> events, load_events(store_, id, after));
  for (const JournalEvent& entry : events) {
    if (!on_event({entry.sequence, event_view(id, entry.sequence, entry.event)})) break;
  }
  return {};
}

}  // namespace cairn
