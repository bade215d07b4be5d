#include "core/server/api/engine_runs.h"

#include "core/engine/load.h"
#include "core/engine/view.h"
#include "core/server/journal_follower.h"

namespace cairn::api {

EngineRuns::EngineRuns(Scheduler& scheduler, const RunStore& store, fs::path store_folder,
                       const Clock& clock)
    : scheduler_(scheduler),
      store_(store),
      store_folder_(std::move(store_folder)),
      replicas_(store, &scheduler, clock),
      rows_(store, replicas_) {
  subscription_ = scheduler.subscribe([this](const RunUpdate& update) {
    if (update.event != nullptr) {
      rows_.note(update.state.id);
    } else {
      replicas_.note_progress(update.state.id);
    }
  });
}

EngineRuns::~EngineRuns() {
  scheduler_.unsubscribe(subscription_);
}

void EngineRuns::note_deleted(const std::string& run) {
  rows_.erase(run);
  const std::lock_guard lock(mutex_);
  if (on_deleted_) on_deleted_(run);
}

void EngineRuns::on_deleted(std::function<void(const std::string& run)> callback) {
  const std::lock_guard lock(mutex_);
  on_deleted_ = std::move(callback);
}

Result<json::object> EngineRuns::view(const std::string& run, const View& view) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  Result<json::object> document = internal_error("run " + id + " was not read");
  CAIRN_TRY(replicas_.with(id, [&](const RunNow& now) { document = view(now); }));
  return document;
}

Result<json::array> EngineRuns::list(const v1::ListRequest& request) {
  CAIRN_ASSIGN(const RunFilter filter, read_filter(request));
  const std::size_t limit = request.limit() == 0 ? ~std::size_t{0} : request.limit();
  CAIRN_ASSIGN(const RunRows::Page page, rows_.page(filter, limit, request.before()));
  json::array runs;
  for (const RunRow& row : page.rows) runs.push_back(list_row(row));
  return runs;
}

Result<json::object> EngineRuns::get(const std::string& run) {
  return view(run, [&](const RunNow& now) -> Result<json::object> {
    return run_view(now.state, {store_folder_, now.served, &now.live});
  });
}

Result<json::object> EngineRuns::get_stage(const std::string& run, const std::string& stage,
                                           const TaskPage& page) {
  return view(run, [&](const RunNow& now) {
    return stage_document(now.state, stage, page, {store_folder_, now.served, &now.live});
  });
}

Result<json::object> EngineRuns::explain(const std::string& run, const std::string& stage,
                                         const TaskPage& page) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  CAIRN_ASSIGN(const std::string earlier, rows_.find_earlier(id));
  const auto explained = [&](const RunState* before) {
    return view(id, [&](const RunNow& now) {
      return explain_document(now.state, before, stage, page, now.served);
    });
  };
  if (earlier.empty()) return explained(nullptr);
  CAIRN_ASSIGN(const RunState before, load_run(store_, earlier));
  return explained(&before);
}

Result<void> EngineRuns::watch(const std::string& run, const WatchOptions& options,
                               const OnEvent& on_event) {
  CAIRN_ASSIGN(const std::string id, resolve(run));
  JournalFollower journal(store_, id);
  return journal.read(options.after, on_event);
}

}  // namespace cairn::api
