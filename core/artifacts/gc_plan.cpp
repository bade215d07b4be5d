#include "core/artifacts/gc_plan.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace cairn {
namespace {

// What is known of one artifact.
struct Held {
  std::uint64_t bytes = 0;
  bool needed = false;
  bool best = false;
  bool result = false;            // of a run, and no rule lets it go
  std::string beaten_by;          // the rule that lets it go
  std::set<std::size_t> entries;  // of the cache, that still name it
  std::string uncached;           // why its last entry went

  [[nodiscard]] bool held_by_run() const { return needed || best || result; }
  [[nodiscard]] bool stays() const { return held_by_run() || !entries.empty(); }
};

using Holders = std::map<Digest, Held>;

// Results that are no number come last.
bool better(const KeepBest& rule, const GcResult* a, const GcResult* b) {
  const double x = a->metrics.at(rule.metric);
  const double y = b->metrics.at(rule.metric);
  if (std::isnan(x) != std::isnan(y)) return std::isnan(y);
  if (!std::isnan(x) && x != y) return rule.smallest ? x < y : x > y;
  return std::tie(a->run, a->stage, a->digest) < std::tie(b->run, b->stage, b->digest);
}

void hold_results(const GcInput& input, Holders& holders) {
  std::set<const GcResult*> beaten;
  for (const KeepBest& rule : input.keep_best) {
    std::vector<const GcResult*> ranked;
    for (const GcResult& result : input.results) {
      if (result.metrics.contains(rule.metric)) ranked.push_back(&result);
    }
    std::sort(ranked.begin(), ranked.end(),
              [&](const GcResult* a, const GcResult* b) { return better(rule, a, b); });
    // One artifact may be several runs' result: it takes one of the k places.
    std::set<Digest> best;
    for (const GcResult* result : ranked) {
      const auto held = holders.find(result->digest);
      if (held == holders.end()) continue;
      const bool number = !std::isnan(result->metrics.at(rule.metric));
      if (number && (best.size() < rule.k || best.contains(result->digest))) {
        best.insert(result->digest);
        held->second.best = true;
      } else {
        beaten.insert(result);
        held->second.beaten_by =
            "not among the best " + std::to_string(rule.k) + " by " + rule.metric;
      }
    }
  }
  for (const GcResult& result : input.results) {
    const auto held = holders.find(result.digest);
    if (held == holders.end()) continue;
    if (result.needed) held->second.needed = true;
    if (!beaten.contains(&result)) held->second.result = true;
  }
}

class Cache {
 public:
  Cache(const GcInput& input, Holders& holders) : entries_(input.cache), holders_(holders) {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      for (const Digest& digest : entries_[i].digests) {
        if (const auto held = holders.find(digest); held != holders.end()) {
          held->second.entries.insert(i);
        }
      }
    }
  }

  // An entry is of use only with all its artifacts.
  void drop_useless() {
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      std::string why;
      for (const Digest& digest : entries_[i].digests) {
        const auto held = holders_.find(digest);
        if (held == holders_.end()) {
          why = "its cached result has lost another artifact";
        } else if (!held->second.held_by_run() && !held->second.beaten_by.empty()) {
          why = held->second.beaten_by;
        }
      }
      if (!why.empty()) drop(i, why);
    }
  }

  // The oldest first, until `excess` bytes are freed. Returns what is left of the excess.
  std::uint64_t shrink(std::uint64_t excess) {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < entries_.size(); ++i) {
      if (!dropped_.contains(i) && can_free(i)) order.push_back(i);
    }
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(entries_[a].time, entries_[a].key) <
             std::tie(entries_[b].time, entries_[b].key);
    });
    for (const std::size_t entry : order) {
      if (excess == 0) break;
      excess -= std::min(excess, drop(entry, "cached, and above the quota"));
    }
    return excess;
  }

  [[nodiscard]] std::vector<std::string> dropped_keys() const {
    std::set<std::string> keys;
    for (const std::size_t entry : dropped_) keys.insert(entries_[entry].key);
    return {keys.begin(), keys.end()};
  }

 private:
  [[nodiscard]] bool can_free(std::size_t entry) const {
    const auto& digests = entries_[entry].digests;
    return std::any_of(digests.begin(), digests.end(),
                       [&](const Digest& digest) { return !holders_.at(digest).held_by_run(); });
  }

  // Returns the bytes that nothing holds any more.
  std::uint64_t drop(std::size_t entry, const std::string& why) {
    if (!dropped_.insert(entry).second) return 0;
    std::uint64_t freed = 0;
    for (const Digest& digest : entries_[entry].digests) {
      const auto held = holders_.find(digest);
      if (held == holders_.end() || held->second.entries.erase(entry) == 0) continue;
      if (held->second.stays()) continue;
      held->second.uncached = why;
      freed += held->second.bytes;
    }
    return freed;
  }

  const std::vector<GcCacheEntry>& entries_;
  Holders& holders_;
  std::set<std::size_t> dropped_;
};

std::vector<GcResumable> resumable(const GcInput& input, const Holders& holders) {
  std::map<std::string, std::set<Digest>> needs;
  for (const GcResult& result : input.results) {
    if (result.needed) needs[result.run].insert(result.digest);
  }
  std::vector<GcResumable> runs;
  for (const auto& [run, digests] : needs) {
    GcResumable& entry = runs.emplace_back();
    entry.run = run;
    for (const Digest& digest : digests) {
      const auto held = holders.find(digest);
      if (held == holders.end()) {
        ++entry.missing;
      } else {
        ++entry.artifacts;
        entry.bytes += held->second.bytes;
      }
    }
  }
  return runs;
}

std::string reason(const Held& held) {
  if (!held.beaten_by.empty()) return held.beaten_by;
  if (!held.uncached.empty()) return held.uncached;
  return "no run and no cached result names it";
}

}  // namespace

GcPlan plan_garbage_collection(const GcInput& input) {
  Holders holders;
  for (const StoredArtifact& artifact : input.artifacts) {
    holders[artifact.digest].bytes = artifact.bytes;
  }
  hold_results(input, holders);
  Cache cache(input, holders);
  cache.drop_useless();

  GcPlan plan;
  std::uint64_t staying = 0;
  for (const auto& [digest, held] : holders) staying += held.stays() ? held.bytes : 0;
  if (input.quota && staying > *input.quota) {
    plan.above_quota = cache.shrink(staying - *input.quota);
  }
  for (const auto& [digest, held] : holders) {
    if (!held.stays()) {
      plan.remove.push_back({digest, held.bytes, reason(held)});
      plan.freed_bytes += held.bytes;
      continue;
    }
    plan.kept_bytes += held.bytes;
    ++(held.needed   ? plan.kept_needed
       : held.best   ? plan.kept_best
       : held.result ? plan.kept_results
                     : plan.kept_cached);
  }
  plan.uncache = cache.dropped_keys();
  plan.resumable = resumable(input, holders);
  return plan;
}

void spare(GcPlan& plan, const std::set<Digest>& in_use) {
  std::erase_if(plan.remove, [&](const GcRemoval& removal) {
    if (!in_use.contains(removal.digest)) return false;
    ++plan.kept_in_use;
    plan.kept_bytes += removal.bytes;
    plan.freed_bytes -= removal.bytes;
    return true;
  });
}

}  // namespace cairn
