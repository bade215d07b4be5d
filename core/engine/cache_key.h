// The cache key of a task: stage type, revision, parameters, digests of inputs, seed if random.
#pragma once

#include "core/engine/state.h"

namespace cairn {

struct CacheKey {
  std::string key;          // digest of the components
  json::object components;  // {"stage_type","revision","params","inputs","seed"?}
};

// Every producer of an input has succeeded.
[[nodiscard]] CacheKey cache_key(const RunState& state, std::size_t task);

// The value of the cache index.
struct CacheEntry {
  std::string run;
  std::string task;
  std::vector<Artifact> outputs;
  std::map<std::string, double> metrics;
};
[[nodiscard]] std::string encode_cache_entry(const CacheEntry& entry);
[[nodiscard]] Result<CacheEntry> decode_cache_entry(std::string_view bytes);

// Names of the components that differ, parameters one by one: "params.steps", "inputs.qa".
[[nodiscard]] std::vector<std::string> differing_components(const json::object& one,
                                                            const json::object& other);

}  // namespace cairn
