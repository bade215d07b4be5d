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
#include "core/sdk/declaration.h"

namespace cairn {

// `documents.documents`: an output of another stage.
struct OutputRef {
  std::string stage;
  std::string output;
};

struct RetrySpec {
  int max_attempts = 1;
  Duration backoff{10'000};  // doubles with every attempt, jitter from the seed
  // By cause ("oom", "timeout", "crash", "error"): a budget of its own instead of max_attempts.
  std::map<std::string, int> by_cause;
};

struct ResourceSpec {
  int cpus = 1;
  std::uint64_t memory_bytes = 0;  // 0: not accounted
  int gpus = 0;
  std::map<std::string, int> pools;  // units of named pools (WorkflowSpec::pools)
};

struct DeclaredOutput {
  std::string name;
  std::string kind;
};

// What the tasks of one stage have apart. All columns have one entry per task, in plan order.
struct Cells {
  std::vector<std::string> labels;                // unique: "lr=0.1,size=small"
  std::map<std::string, json::array> params;      // parameters that differ, canonical
  std::map<std::string, json::array> key_params;  // of these, those whose key is not their value
  [[nodiscard]] std::size_t size() const { return labels.size(); }
};
[[nodiscard]] json::object to_json(const Cells& cells);
[[nodiscard]] Result<Cells> cells_from_json(const json::object& object);

// A task for each item of a list that another stage makes.
struct ForeachSpec {
  OutputRef list;                // a JSON array, or JSON Lines
  json::object templates;        // the parameters that name `item`, as written
  std::vector<ParamDecl> decls;  // of these
};

// A rule on a metric of a stage, asked at every point.
struct WatchdogSpec {
  enum class When { kNotFinite, kAbove, kBelow };
  enum class Action { kStop, kRollBack };
  std::string metric;
  When when = When::kNotFinite;
  double limit = 0;
  int points = 1;  // so many in a row
  Action action = Action::kStop;
  json::object params;  // kRollBack: parameters from then on, canonical
  int most = 1;         // kRollBack: so many times, then stop
};

struct NotifySpec {
  bool failed = false;
  bool finished = false;
  bool waiting = false;
  std::string run;  // for /bin/sh -c; empty: none
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
  bool fresh_host = false;              // isolation: process
  bool privileges = false;              // privileges: inherit
  std::optional<Cells> cells;           // of a matrix; params then holds what all tasks share
  std::optional<ForeachSpec> foreach;   // its tasks are known once the list is there
  int max_parallel = 0;                 // of a matrix or foreach; 0: as resources allow
  std::optional<std::string> approval;  // the question a person answers before it starts
  // on_failure of these stages: runs once all of them have ended and one has failed.
  std::vector<std::string> handles;
  std::vector<WatchdogSpec> watchdogs;
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
  std::map<std::string, int> pools;  // units of each named pool
  NotifySpec notify;
  std::string file;    // as the user named it
  std::string source;  // the YAML text, for people
  std::string folder;  // absolute folder relative paths were resolved against

  [[nodiscard]] const StageSpec* find(std::string_view stage) const;
};

[[nodiscard]] json::object to_json(const WorkflowSpec& spec);
[[nodiscard]] Result<WorkflowSpec> workflow_spec_from_json(const json::object& object);

}  // namespace cairn
