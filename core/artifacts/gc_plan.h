// What garbage collection takes, and why. Pure: the caller gathers the input and carries it out,
// cache entries first, so that no entry ever names an artifact that is gone.
//
//   1. What a run needs that is unfinished or can be resumed stays, whatever else is asked.
//   2. Of the results with a rule's metric the best k stay; other results with it go.
//   3. What no run and no cache entry names goes.
//   4. Above the quota cache entries go, the oldest first, until enough is freed. What a run's
//      result names is not freed by that.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/artifacts/content_store.h"

namespace cairn {

// A result of a stage of a run that names an artifact; one for each artifact.
struct GcResult {
  Digest digest;
  std::string run;
  std::string stage;
  bool needed = false;  // the run is unfinished or can be resumed
  std::map<std::string, double> metrics;
};

struct GcCacheEntry {
  std::string key;
  std::vector<Digest> digests;
  WallTime time;  // when it was made or last used
};

struct KeepBest {
  std::string metric;
  std::size_t k = 1;
  bool smallest = false;  // smaller is better
};

struct GcInput {
  std::vector<StoredArtifact> artifacts;
  std::vector<GcResult> results;
  std::vector<GcCacheEntry> cache;
  std::optional<std::uint64_t> quota;  // bytes of all artifacts
  std::vector<KeepBest> keep_best;
};

struct GcRemoval {
  Digest digest;
  std::uint64_t bytes = 0;
  std::string because;
};

// A run that is unfinished or can be resumed, and what it needs for that.
struct GcResumable {
  std::string run;
  std::size_t artifacts = 0;  // all of them stay
  std::uint64_t bytes = 0;
  std::size_t missing = 0;  // were gone before: their stages run again

  bool operator==(const GcResumable&) const = default;
};

struct GcPlan {
  std::vector<GcRemoval> remove;       // sorted by digest
  std::vector<std::string> uncache;    // keys of entries that go, sorted
  std::vector<GcResumable> resumable;  // sorted by run; those with results only
  // Artifacts that stay, each counted at the first that holds it:
  std::size_t kept_needed = 0;
  std::size_t kept_best = 0;
  std::size_t kept_results = 0;
  std::size_t kept_cached = 0;
  std::size_t kept_in_use = 0;  // spared
  std::uint64_t kept_bytes = 0;
  std::uint64_t freed_bytes = 0;
  std::uint64_t above_quota = 0;  // bytes that could not be freed
};

// Equal input in any order gives the same plan. A metric that is not a number is never best. Equal
// metrics: the run with the smaller id, then the stage, then the digest.
[[nodiscard]] GcPlan plan_garbage_collection(const GcInput& input);

// What came into use after the input was gathered stays after all.
void spare(GcPlan& plan, const std::set<Digest>& in_use);

}  // namespace cairn
