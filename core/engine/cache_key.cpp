#include "core/engine/cache_key.h"

#include <algorithm>
#include <set>

#include "core/base/digest.h"

namespace cairn {
namespace {

const Artifact* find_output(const TaskState& task, const std::string& name) {
  const auto found = std::find_if(task.outputs.begin(), task.outputs.end(),
                                  [&](const Artifact& output) { return output.name() == name; });
  return found == task.outputs.end() ? nullptr : &*found;
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

CacheKey cache_key(const RunState& state, std::size_t task) {
  const StageSpec& stage = state.spec->stages[task];
  json::object inputs;
  for (const auto& [port, references] : stage.inputs) {
    json::array digests;
    for (const OutputRef& reference : references) {
      const TaskState& producer = state.tasks[*state.find(reference.stage)];
      const Artifact* output = find_output(producer, reference.output);
      digests.emplace_back(output != nullptr ? output->digest() : "");
    }
    inputs[port] = std::move(digests);
  }
  CacheKey result;
  result.components = {{"stage_type", stage.uses},
                       {"revision", stage.revision},
                       {"params", stage.key_params},
                       {"inputs", std::move(inputs)}};
  if (stage.random) result.components["seed"] = task_seed(state.spec->seed, stage.name);
  result.key = digest_of(canonical_json(result.components));
  return result;
}

std::string encode_cache_entry(const CacheEntry& entry) {
  v1::CacheChecked message;
  message.set_from_run(entry.run);
  message.set_from_task(entry.task);
  for (const Artifact& output : entry.outputs) *message.add_outputs() = output;
  message.mutable_metrics()->insert(entry.metrics.begin(), entry.metrics.end());
  return message.SerializeAsString();
}

Result<CacheEntry> decode_cache_entry(std::string_view bytes) {
  v1::CacheChecked message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return corrupt("a cache entry cannot be read");
  }
  CacheEntry entry{
      .run = message.from_run(), .task = message.from_task(), .outputs = {}, .metrics = {}};
  entry.outputs.assign(message.outputs().begin(), message.outputs().end());
  entry.metrics.insert(message.metrics().begin(), message.metrics().end());
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
