// Api: what stands above a run.
#include "core/engine/load.h"
#include "core/server/api/api.h"
#include "core/server/api/run_head.h"

namespace cairn::api {
namespace {

constexpr std::size_t kMostKept = 64;
// A run may reuse results of as many others; reading all of them is not worth a number.
constexpr std::size_t kMostOrigins = 16;

}  // namespace

// Of a run that has ended it is kept.
Result<std::shared_ptr<const EarlierRun>> Api::earlier_run(const std::string& run) {
  CAIRN_ASSIGN(const std::string earlier, runs().rows().find_earlier(run));
  if (earlier.empty()) return std::shared_ptr<const EarlierRun>();
  {
    const std::lock_guard lock(mutex_);
    if (const auto kept = earlier_.find(earlier); kept != earlier_.end()) return kept->second;
  }
  auto made = std::make_shared<EarlierRun>();
  made->run = earlier;
  bool ended = false;
  CAIRN_TRY(runs().replicas().with(earlier, [&](const RunNow& now) {
    made->paces = paces_of(now.state);
    ended = now.state.status != RunStatus::kRunning;
  }));
  std::shared_ptr<const EarlierRun> kept = std::move(made);
  if (!ended) return kept;
  const std::lock_guard lock(mutex_);
  if (earlier_.size() >= kMostKept) earlier_.clear();
  earlier_[earlier] = kept;
  return kept;
}

std::optional<Saved> Api::saved_by_reuse(const std::string& run, const ReusedTasks& reused) {
  std::size_t tasks = 0;
  for (const auto& [origin, made] : reused) tasks += made.size();
  if (tasks == 0 || reused.size() > kMostOrigins) return std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    const auto kept = saved_.find(run);
    if (kept != saved_.end() && kept->second.first == tasks) return kept->second.second;
  }
  Saved saved;
  for (const auto& [origin, made] : reused) {
    // What was deleted since tells no cost.
    (void)runs().replicas().with(origin,
                                 [&](const RunNow& now) { add_saved(saved, now.state, made); });
  }
  const std::lock_guard lock(mutex_);
  if (saved_.size() >= kMostKept) saved_.clear();
  saved_[run] = {tasks, saved};
  return saved;
}

Outcome Api::head(const v1::GetRequest& request) {
  CAIRN_ASSIGN(const std::string run, runs().resolve(request.run()));
  ReusedTasks reused;
  bool moves = false;
  CAIRN_TRY(runs().replicas().with(run, [&](const RunNow& now) {
    reused = reused_tasks(now.state);
    moves = now.served && now.state.status == RunStatus::kRunning;
  }));
  HeadSources sources;
  sources.totals = options_.totals;
  std::shared_ptr<const EarlierRun> earlier;
  if (moves) {
    // An earlier run that cannot be read is as none.
    if (const auto found = earlier_run(run); found.ok()) earlier = *found;
  }
  sources.earlier = earlier.get();
  sources.saved = saved_by_reuse(run, reused);
  sources.now = clock_.now();
  return outcome(runs().view(
      run, [&](const RunNow& now) -> Result<json::object> { return head_view(now, sources); }));
}

}  // namespace cairn::api
