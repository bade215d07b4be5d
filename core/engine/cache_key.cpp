#include "core/engine/cache_key.h"

#include <algorithm>
#include <charconv>
#include <set>

#include "core/base/digest.h"

namespace cairn {
namespace {

const Artifact* find_output(const TaskState& task, const std::string& name) {
  const auto found = std::find_if(task.outputs.begin(), task.outputs.end(),
                                  [&](const Artifact& output) { return output.name() == name; });
  return found == task.outputs.end() ? nullptr : &*found;
}

// For each port the digests of what it is fed, in plan order.
json::object input_digests(const RunState& state, std::uint32_t stage) {
  json::object inputs;
  for (const auto& [port, references] : state.spec->stages[stage].inputs) {
    json::array digests;
    for (const OutputRef& reference : references) {
      const std::uint32_t producer = *state.find_stage(reference.stage);
      for (std::uint32_t cell = 0; cell < state.stages[producer].count; ++cell) {
        const Artifact* output =
            find_output(state.tasks[state.task_of(producer, cell)], reference.output);
        digests.emplace_back(output != nullptr ? output->digest() : "");
      }
    }
    inputs[port] = std::move(digests);
  }
  return inputs;
}

// What all tasks of a stage share.
json::object shared_components(const RunState& state, std::uint32_t stage) {
  const StageSpec& spec = state.spec->stages[stage];
  return {{"stage_type", spec.uses},
          {"revision", spec.revision},
          {"params", spec.key_params},
          {"inputs", input_digests(state, stage)}};
}

void compare(const std::string& path, const json::value* one, const json::value* other,
             std::vector<std::string>& differing) {
  if (one != nullptr && other != nullptr && *one == *other) return;
  const bool objects = one != nullptr && other != nullptr && one->is_object() && other->is_object();
  if (!objects) {
    differing.push_back(path);
    return;
  }
  std::set<std::string> names;
  for (const auto& entry : one->as_object()) names.emplace(entry.key());
  for (const auto& entry : other->as_object()) names.emplace(entry.key());
  for (const std::string& name : names) {
    std::string inner = path;
    if (!inner.empty()) inner += '.';
    inner += name;
    compare(inner, one->as_object().if_contains(name), other->as_object().if_contains(name),
            differing);
  }
}

}  // namespace

json::object cell_key_params(const StageState& stage, std::uint32_t cell) {
  json::object params;
  if (!stage.cells || cell >= stage.cells->size()) return params;
  for (const auto& [name, column] : stage.cells->params) {
    const auto keyed = stage.cells->key_params.find(name);
    params[name] = (keyed != stage.cells->key_params.end() ? keyed->second : column)[cell];
  }
  return params;
}

std::string digest_bytes(const Digest& digest) {
  const std::string_view hex = digest_hex(digest);
  std::string bytes;
  for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
    unsigned byte = 0;
    std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
    bytes.push_back(static_cast<char>(byte));
  }
  return bytes;
}

json::object key_components(const RunState& state, std::uint32_t number) {
  const TaskState& task = state.tasks[number];
  json::object components = shared_components(state, task.stage);
  for (const auto& [name, value] : cell_key_params(state.stages[task.stage], task.cell)) {
    components["params"].as_object()[name] = value;
  }
  if (state.spec_of(task).random) components["seed"] = task_seed(state, number);
  return components;
}

Digest stage_key(const RunState& state, std::uint32_t stage) {
  return digest_of(canonical_json(shared_components(state, stage)));
}

std::string task_key(const RunState& state, std::uint32_t number, const Digest& stage_key) {
  const TaskState& task = state.tasks[number];
  std::string text = stage_key;
  if (const json::object own = cell_key_params(state.stages[task.stage], task.cell); !own.empty()) {
    text += canonical_json(own);
  }
  if (state.spec_of(task).random) text += '#' + std::to_string(task_seed(state, number));
  return digest_bytes(digest_of(text));
}

std::string encode_cache_entry(const CacheEntry& entry) {
  v1::TaskReused message;
  message.set_from_run(entry.run);
  message.set_from_task(entry.task);
  message.set_from_name(entry.name);
  for (const Artifact& output : entry.outputs) *message.add_outputs() = output;
  message.mutable_metrics()->insert(entry.metrics.begin(), entry.metrics.end());
  v1::CacheRecord record;
  *record.mutable_result() = std::move(message);
  record.set_time_ms(entry.time_ms);
  record.set_seconds(entry.seconds);
  record.set_gpu_seconds(entry.gpu_seconds);
  return record.SerializeAsString();
}

Result<CacheEntry> decode_cache_entry(std::string_view bytes) {
  v1::CacheRecord record;
  if (!record.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return corrupt("a cache entry cannot be read");
  }
  const v1::TaskReused& message = record.result();
  CacheEntry entry;
  entry.run = message.from_run();
  entry.task = message.from_task();
  entry.name = message.from_name();
  entry.time_ms = record.time_ms();
  entry.outputs.assign(message.outputs().begin(), message.outputs().end());
  entry.metrics.insert(message.metrics().begin(), message.metrics().end());
  entry.seconds = record.seconds();
  entry.gpu_seconds = record.gpu_seconds();
  return entry;
}

std::vector<std::string> differing_components(const json::object& one, const json::object& other) {
  std::vector<std::string> differing;
  const json::value first = one;
  const json::value second = other;
  compare("", &first, &second, differing);
  return differing;
}

}  // namespace cairn
