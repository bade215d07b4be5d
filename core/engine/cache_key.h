// The cache key of a task: stage type, revision, parameters, digests of inputs, seed if random.
#pragma once

#include "core/engine/state.h"

namespace cairn {

// {"stage_type","revision","params","inputs","seed"?}: for people, and to tell two keys apart.
// Every producer of an input has succeeded.
[[nodiscard]] json::object key_components(const RunState& state, std::uint32_t task);

// What one cell of a stage adds to the parameters of the key: its values, content as digests. Empty
// where the stage has no such cell.
[[nodiscard]] json::object cell_key_params(const StageState& stage, std::uint32_t cell);

// The 32 bytes of a digest.
[[nodiscard]] std::string digest_bytes(const Digest& digest);

// The part of the key that all tasks of a stage share. Every producer of an input has succeeded.
[[nodiscard]] Digest stage_key(const RunState& state, std::uint32_t stage);
// 32 bytes: the digest of the stage's part and of what the task has on its own.
[[nodiscard]] std::string task_key(const RunState& state, std::uint32_t task,
                                   const Digest& stage_key);

// The value of the cache index.
struct CacheEntry {
  std::string run;
  std::uint32_t task = 0;
  std::string name;  // of the task
  std::int64_t time_ms = 0;
  std::vector<Artifact> outputs;
  std::map<std::string, double> metrics;
  // What the task's attempts cost; 0: not known.
  double seconds = 0;
  double gpu_seconds = 0;
};
[[nodiscard]] std::string encode_cache_entry(const CacheEntry& entry);
[[nodiscard]] Result<CacheEntry> decode_cache_entry(std::string_view bytes);

// Names of the components that differ, parameters one by one: "params.steps", "inputs.qa".
[[nodiscard]] std::vector<std::string> differing_components(const json::object& one,
                                                            const json::object& other);

}  // namespace cairn
