// The plan: what a run would do with every stage, before it starts.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/base/json.h"
#include "core/workflow/spec.h"

namespace cairn {

enum class PlanAction { kRun, kReuse, kContinue, kSkip };
[[nodiscard]] const char* to_string(PlanAction action);

// What the attempts that made a result cost; 0: not known.
struct Saving {
  double seconds = 0;
  double gpu_seconds = 0;
  void add(const Saving& other) {
    seconds += other.seconds;
    gpu_seconds += other.gpu_seconds;
  }
};
// {"seconds","gpu_seconds"}
[[nodiscard]] json::object to_json(const Saving& saving);

struct PlannedStage {
  std::string name;
  std::string uses;
  int tasks = 1;  // 0: known once the list of its foreach is there
  PlanAction action = PlanAction::kRun;
  std::optional<std::int64_t> step;  // of kContinue
  std::vector<std::string> because;
  // Where each input comes from, and of which kind it is: "policy = warmup.model (model)".
  std::vector<std::string> inputs;
  std::vector<DeclaredOutput> outputs;
  Saving saved;  // by what is reused
};

using InputDigests = std::map<std::string, std::vector<Digest>>;
using OutputDigests = std::map<std::string, Digest>;

struct CachedResult {
  OutputDigests outputs;
  Saving saving;
};

// Of a stage with a matrix: what earlier runs left of its tasks.
struct CachedTasks {
  std::size_t known = 0;
  // Where all are known: the digests of each output in plan order.
  std::map<std::string, std::vector<Digest>> outputs;
  Saving saving;  // by those that are known
};

// What earlier runs left. Without functions everything runs.
struct PlanSources {
  // The outputs of an earlier result with this stage's key.
  std::function<std::optional<CachedResult>(const StageSpec&, const InputDigests&)> cached;
  // The same for the tasks of a matrix.
  std::function<CachedTasks(const StageSpec&, const InputDigests&)> cached_tasks;
  // The step of a checkpoint that an interrupted task of this stage would continue from.
  std::function<std::optional<std::int64_t>(const StageSpec&)> checkpoint;
};

// In the order of spec.stages. A stage is looked up in the cache only when the digests of all its
// inputs are known, so behind the first stage that runs everything runs.
[[nodiscard]] std::vector<PlannedStage> plan_workflow(const WorkflowSpec& spec,
                                                      const PlanSources& sources);

// {"stages":[{"name","uses","tasks","action","step"?,"because","saved"?}]}
[[nodiscard]] json::object to_json(const std::vector<PlannedStage>& plan);

}  // namespace cairn
