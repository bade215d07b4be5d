#include "core/server/collect.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/folder_entries.h"
#include "core/base/text.h"
#include "core/engine/cache_key.h"
#include "core/engine/load.h"
#include "core/sdk/runtime/attempt_files.h"
#include "core/server/on_strand.h"
#include "core/server/run_control.h"

namespace cairn {
namespace {

void add_results(const RunState& state, std::vector<GcResult>& results) {
  const bool needed = state.status != RunStatus::kSucceeded && !state.quarantined;
  for (std::uint32_t i = 0; i < state.tasks.size(); ++i) {
    const TaskState& task = state.tasks[i];
    for (const Artifact& output : task.outputs) {
      results.push_back(
          {output.digest(), state.id, state.spec_of(task).name, needed, task.metrics});
    }
  }
}

}  // namespace

Result<KeepBest> parse_keep_best(const std::string& text) {
  KeepBest rule;
  const std::size_t colon = text.rfind(':');
  std::string_view metric = std::string_view(text).substr(0, colon);
  rule.smallest = metric.starts_with('-');
  if (rule.smallest) metric.remove_prefix(1);
  rule.metric = metric;
  bool valid = colon != std::string::npos && !rule.metric.empty();
  if (valid) {
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data() + colon + 1, end, rule.k);
    valid = error == std::errc() && rest == end && rule.k > 0;
  }
  if (!valid) {
    return invalid_argument(
        "'" + text + "' names no metric and count",
        "write METRIC:K, for example reward_mean:3; -METRIC:K where smaller is better");
  }
  return rule;
}

Result<Gathered> gather_garbage(const RunStore& store, const ContentStore& artifacts) {
  Gathered gathered;
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(store));
  for (const RunRow& row : rows) {
    const auto state = load_run(store, row.id);
    if (!state.ok()) {
      if (state.error().code == ErrorCode::kNotFound) continue;  // deleted meanwhile
      return state.error();
    }
    add_results(*state, gathered.input.results);
    if (state->running > 0 && !state->quarantined) gathered.unfinished.push_back(row.id);
  }
  CAIRN_TRY(store.read_cache([&](std::string_view key, std::string_view bytes) {
    // One that cannot be read is never used, and names nothing.
    if (const auto entry = decode_cache_entry(bytes); entry.ok()) {
      GcCacheEntry known{std::string(key), {}, WallTime(Duration(entry->time_ms))};
      for (const Artifact& output : entry->outputs) known.digests.push_back(output.digest());
      gathered.input.cache.push_back(std::move(known));
    }
    return true;
  }));
  CAIRN_ASSIGN(gathered.input.artifacts, artifacts.list_with_sizes());
  return gathered;
}

json::object gc_view(const GcPlan& plan, bool dry_run) {
  json::array artifacts;
  for (const GcRemoval& removal : plan.remove) {
    artifacts.push_back(json::object{
        {"digest", removal.digest}, {"bytes", removal.bytes}, {"because", removal.because}});
  }
  json::array runs;
  for (const GcResumable& run : plan.resumable) {
    runs.push_back(json::object{{"run", run.run},
                                {"artifacts", run.artifacts},
                                {"bytes", run.bytes},
                                {"missing", run.missing}});
  }
  return {{"dry_run", dry_run},
          {"resumable", std::move(runs)},
          {"freed_bytes", plan.freed_bytes},
          {"artifacts", std::move(artifacts)},
          {"uncached", plan.uncache.size()},
          {"kept", plan.kept_needed + plan.kept_best + plan.kept_results + plan.kept_cached +
                       plan.kept_in_use},
          {"kept_because", json::object{{"needed", plan.kept_needed},
                                        {"best", plan.kept_best},
                                        {"results", plan.kept_results},
                                        {"cached", plan.kept_cached},
                                        {"in_use", plan.kept_in_use}}},
          {"kept_bytes", plan.kept_bytes},
          {"above_quota", plan.above_quota}};
}

namespace {

// What the engine does from here on, while garbage is being looked for. Lives off the strand; what
// it has seen is asked for on the strand.
class GarbageWatch {
 public:
  explicit GarbageWatch(Scheduler& scheduler) : scheduler_(scheduler) {
    on_strand(scheduler_, [&] {
      for (const std::string& run : scheduler_.runs()) served_.insert(run);
      subscription_ = scheduler_.subscribe([this](const RunUpdate& update) { note(update); });
      return true;
    });
  }
  ~GarbageWatch() {
    on_strand(scheduler_, [&] {
      scheduler_.unsubscribe(subscription_);
      return true;
    });
  }
  GarbageWatch(const GarbageWatch&) = delete;
  GarbageWatch& operator=(const GarbageWatch&) = delete;

  [[nodiscard]] bool has_served(const std::string& run) const { return served_.contains(run); }
  // A run has begun to build on results that others have.
  [[nodiscard]] bool has_begun() const { return begun_; }
  // What results since then name.
  [[nodiscard]] std::set<Digest> named() const {
    std::set<Digest> named = named_;
    if (!scheduler_.stall()) return named;
    // What happens while the disk is full is told nobody yet.
    for (const std::string& run : scheduler_.runs()) {
      for (const TaskState& task : scheduler_.find(run)->tasks) add_outputs(task.outputs, named);
    }
    return named;
  }

 private:
  template <typename Outputs>
  static void add_outputs(const Outputs& outputs, std::set<Digest>& digests) {
    for (const Artifact& output : outputs) digests.insert(output.digest());
  }
  void note(const RunUpdate& update) {
    if (update.event == nullptr) return;
    const Event& event = *update.event;
    if (event.has_run_created() || event.has_run_resumed()) {
      served_.insert(update.state.id);
      begun_ = true;
    } else if (event.has_attempt_finished()) {
      add_outputs(event.attempt_finished().outputs(), named_);
    } else if (event.has_task_reused()) {
      add_outputs(event.task_reused().outputs(), named_);
    }
  }

  Scheduler& scheduler_;
  int subscription_ = 0;
  std::set<std::string> served_;
  std::set<Digest> named_;
  bool begun_ = false;
};

// What hosts are publishing, or have published and the journal does not say yet.
Result<std::set<Digest>> read_claims(const fs::path& store_folder) {
  CAIRN_ASSIGN(const auto hosts, entries_of(host_folder(store_folder, {}).root));
  std::set<Digest> claims;
  for (const fs::path& host : hosts) {
    const auto text = real_file_system().read(HostFolder{host}.claims());
    if (!text.ok() && text.error().code == ErrorCode::kNotFound) continue;
    if (!text.ok()) return text.error();
    for (const std::string_view line : split(*text, '\n')) claims.emplace(line);
  }
  return claims;
}

bool any_at_work(const Scheduler& scheduler) {
  const auto runs = scheduler.runs();
  return std::any_of(runs.begin(), runs.end(),
                     [&](const auto& run) { return scheduler.find(run)->running > 0; });
}

// Without the disk space to forget cache entries, what they name stays.
void keep_cached(const GcInput& input, GcPlan& plan) {
  std::set<Digest> cached;
  for (const GcCacheEntry& entry : input.cache)
    cached.insert(entry.digests.begin(), entry.digests.end());
  spare(plan, cached);
  plan.uncache.clear();
}

std::set<Digest> results_of(const GcInput& input) {
  std::set<Digest> digests;
  for (const GcResult& result : input.results) digests.insert(result.digest);
  return digests;
}

}  // namespace

Result<void> EngineControl::refuse_when_shared() const {
  CAIRN_ASSIGN(const auto others,
               other_users(real_file_system(), artifacts_.store_folder(), user_));
  if (others.empty()) return {};
  const auto& [user, file] = others.front();
  return conflict("the store " + artifacts_.store_folder().string() +
                      " is used by another state folder, too, whose runs are not known here: " +
                      user.state_folder.string() + " on " + user.machine,
                  "give each state folder a store of its own; or, if that one is gone, remove " +
                      file.string());
}

// Tasks may go on meanwhile. What the engine does is watched from before anything is looked at; in
// the end the store is closed for a moment, and what has come into use is left alone. That moment
// is short: artifacts are moved aside on the strand, their bytes are freed afterwards.
Result<json::object> EngineControl::collect(const CollectWish& wish) {
  std::vector<KeepBest> keep_best;
  for (const std::string& text : wish.keep_best) {
    CAIRN_ASSIGN(const KeepBest rule, parse_keep_best(text));
    keep_best.push_back(rule);
  }
  CAIRN_TRY(refuse_when_shared());
  const GarbageWatch watch(scheduler_);
  CAIRN_ASSIGN(Gathered gathered, gather_garbage(store_, artifacts_));
  gathered.input.keep_best = keep_best;
  if (wish.quota_bytes > 0) gathered.input.quota = wish.quota_bytes;
  GcPlan plan = plan_garbage_collection(gathered.input);
  if (wish.dry_run) return gc_view(plan, true);

  json::array problems;
  if (!plan.uncache.empty()) {
    StoreBatch batch;
    batch.uncached = plan.uncache;
    const auto uncached = on_strand(scheduler_, [&] { return store_.append(batch); });
    if (!uncached.ok()) {
      if (uncached.error().code != ErrorCode::kResourceExhausted) return uncached.error();
      problems.emplace_back("what the cache names stays: " + uncached.error().to_string());
      keep_cached(gathered.input, plan);
    }
  }
  std::uint64_t taken = 0;
  {
    const auto lock = artifacts_.close();
    const auto done = on_strand(scheduler_, [&]() -> Result<void> {
      for (const std::string& run : gathered.unfinished) {
        if (!watch.has_served(run)) {
          return conflict("run " + run + " was left by an engine that died, and its hosts may " +
                              "still make artifacts",
                          "cairn serve, or cairn resume " + run + ", takes it up");
        }
      }
      if (!lock.ok() && any_at_work(scheduler_)) return lock.error();
      CAIRN_ASSIGN(const std::set<Digest> claims, read_claims(artifacts_.store_folder()));
      spare(plan, claims);
      spare(plan, watch.named());
      if (watch.has_begun()) spare(plan, results_of(gathered.input));
      for (const GcRemoval& removal : plan.remove) {
        const auto out = artifacts_.take_out(removal.digest);
        if (out.ok()) {
          taken += removal.bytes;
        } else if (out.error().code != ErrorCode::kNotFound) {
          problems.emplace_back(out.error().to_string());
        }
      }
      return scheduler_.stall() ? Result<void>() : scheduler_.remove_dead_hosts();
    });
    if (!done.ok()) return done.error();
  }
  CAIRN_ASSIGN(const std::uint64_t freed, artifacts_.clean_leftovers());
  json::object view = gc_view(plan, false);
  view["leftover_bytes"] = freed - std::min(freed, taken);
  if (!problems.empty()) view["problems"] = std::move(problems);
  return view;
}

}  // namespace cairn
