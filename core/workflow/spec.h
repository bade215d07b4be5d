// WorkflowSpec: a checked workflow, everything resolved that can be known before it runs.
//
// core/workflow makes it from YAML; the engine journals it with the run and never sees YAML.
// Positions are kept for messages; they are no part of any key.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// `documents.documents`: an output of another stage.
struct OutputRef {
  std::string stage;
  std::string output;
};

struct RetrySpec {
  int max_attempts = 1;
  Duration backoff{10'000};  // doubles with every attempt, jitter from the seed
};

struct ResourceSpec {
  int cpus = 1;
  std::uint64_t memory_bytes = 0;  // 0: not accounted
  int gpus = 0;
};

struct DeclaredOutput {
  std::string name;
  std::string kind;
};

struct StageSpec {
  std::string name;
  std::string uses;
  std::string description;
  Where where;
  int revision = 1;     // of the stage type, from its manifest
  bool random = false;  // of the stage type
  std::string plugin;   // path of the library that holds the stage type
  std::string plugin_digest;
  json::object params;                                   // canonical, defaults filled in
  json::object key_params;                               // as params, content paths as digests
  std::map<std::string, std::vector<OutputRef>> inputs;  // absent optional ports left out
  std::vector<DeclaredOutput> outputs;
  std::vector<std::string> after;
  // Expression text that needs stages.* and so is evaluated when the stage becomes ready; what
  // needs only params was evaluated already: `enabled`.
  std::optional<std::string> when;
  bool enabled = true;
  RetrySpec retry;
  std::optional<Duration> timeout;  // of one attempt's running time
  ResourceSpec resources;
  bool cache = true;
  bool fresh_host = false;  // isolation: process
};

struct WorkflowSpec {
  std::string name;
  std::string description;
  std::map<std::string, std::string> labels;
  std::uint64_t seed = 0;
  json::object params;            // every parameter with its value
  std::vector<StageSpec> stages;  // topological order, ties in the order of the file
  int max_parallel = 0;           // 0: as resources allow
  bool fail_fast = false;
  std::string file;    // as the user named it
  std::string source;  // the YAML text, for people
  std::string folder;  // absolute folder relative paths were resolved against

  [[nodiscard]] const StageSpec* find(std::string_view stage) const;
};

[[nodiscard]] json::object to_json(const WorkflowSpec& spec);
[[nodiscard]] Result<WorkflowSpec> workflow_spec_from_json(const json::object& object);

}  // namespace cairn
