#include "core/server/collect.h"

#include <charconv>

#include "core/engine/cache_key.h"
#include "core/engine/load.h"
#include "core/server/on_strand.h"
#include "core/server/run_control.h"

namespace cairn {
namespace {

// How often it is tried anew when something was journaled between look and deed.
constexpr int kTries = 3;

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
  gathered.sequence = store.last_sequence();
  CAIRN_ASSIGN(const std::vector<RunRow> rows, list_rows(store));
  for (const RunRow& row : rows) {
    CAIRN_ASSIGN(const RunState state, load_run(store, row.id));
    add_results(state, gathered.input.results);
    if (state.running > 0 && !state.quarantined) gathered.unfinished.push_back(row.id);
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

Result<GcOutcome> carry_out(const GcPlan& plan, RunStore& store, ContentStore& artifacts) {
  StoreBatch batch;
  batch.uncached = plan.uncache;
  if (!batch.empty()) CAIRN_TRY(store.append(batch));
  GcOutcome outcome;
  for (const GcRemoval& removal : plan.remove) {
    const auto removed = artifacts.remove(removal.digest);
    if (!removed.ok() && removed.error().code != ErrorCode::kNotFound) {
      outcome.problems.push_back(removed.error());
    }
  }
  CAIRN_ASSIGN(outcome.leftover_bytes, artifacts.clean_leftovers());
  return outcome;
}

json::object gc_view(const GcPlan& plan, bool dry_run) {
  json::array artifacts;
  for (const GcRemoval& removal : plan.remove) {
    artifacts.push_back(json::object{
        {"digest", removal.digest}, {"bytes", removal.bytes}, {"because", removal.because}});
  }
  return {{"dry_run", dry_run},
          {"freed_bytes", plan.freed_bytes},
          {"artifacts", std::move(artifacts)},
          {"uncached", plan.uncache.size()},
          {"kept", plan.kept_needed + plan.kept_best + plan.kept_results + plan.kept_cached},
          {"kept_because", json::object{{"needed", plan.kept_needed},
                                        {"best", plan.kept_best},
                                        {"results", plan.kept_results},
                                        {"cached", plan.kept_cached}}},
          {"kept_bytes", plan.kept_bytes},
          {"above_quota", plan.above_quota}};
}

// Nothing may be made while something is removed: a task could publish what is on its way out. So
// it is done on the strand, and only while no task runs.
Result<json::object> EngineControl::collect(const CollectWish& wish) {
  std::vector<KeepBest> keep_best;
  for (const std::string& text : wish.keep_best) {
    CAIRN_ASSIGN(const KeepBest rule, parse_keep_best(text));
    keep_best.push_back(rule);
  }
  for (int i = 0; i < kTries; ++i) {
    CAIRN_ASSIGN(Gathered gathered, gather_garbage(store_, artifacts_));
    gathered.input.keep_best = keep_best;
    if (wish.quota_bytes > 0) gathered.input.quota = wish.quota_bytes;
    const GcPlan plan = plan_garbage_collection(gathered.input);
    json::object view = gc_view(plan, wish.dry_run);
    if (wish.dry_run) return view;
    if (!gathered.unfinished.empty()) {
      return conflict(
          "run " + gathered.unfinished.front() + " has tasks that may be making artifacts now",
          "wait until it has ended, or cancel it; --dry-run shows the plan now");
    }
    const auto done = on_strand(scheduler_, [&]() -> std::optional<Result<GcOutcome>> {
      if (store_.last_sequence() != gathered.sequence) return std::nullopt;
      Result<GcOutcome> outcome = carry_out(plan, store_, artifacts_);
      if (!outcome.ok()) return outcome;
      if (auto removed = scheduler_.remove_dead_hosts(); !removed.ok())
        outcome->problems.push_back(std::move(removed).error());
      return outcome;
    });
    if (!done) continue;
    if (!done->ok()) return done->error();
    json::array problems;
    for (const Error& problem : (*done)->problems) problems.emplace_back(problem.to_string());
    if (!problems.empty()) view["problems"] = std::move(problems);
    view["leftover_bytes"] = (*done)->leftover_bytes;
    return view;
  }
  return conflict("runs begin and end all the time", "try again when the engine is less busy");
}

}  // namespace cairn
