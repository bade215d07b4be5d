// What `cairn plugins check` orders from cairn-host, and what it is told: records of one JSON
// object (record_from_json, record_to_json).
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <vector>

#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/sdk/kinds/record_file.h"

namespace cairn {

// One attempt of a stage in a folder that all attempts of its task share.
struct SelfTestOrder {
  fs::path library;
  std::string stage_type;
  fs::path task;
  fs::path inputs;
  fs::path report;
  std::int64_t attempt = 1;
  std::int64_t seed = 0;
  // In place of the stage's own self-test, where there are any.
  json::value params;
  std::map<std::string, std::vector<std::string>> given_inputs;
  std::int64_t die_at_checkpoint = 0;
  std::int64_t stop_after = -1;
  bool confined = false;

  static auto fields() {
    using Order = SelfTestOrder;
    return std::tuple(
        field("library", &Order::library, "The plugin", Required{}),
        field("stage_type", &Order::stage_type, "The one to run", Required{}),
        field("task", &Order::task, "TaskFolder", Required{}),
        field("inputs", &Order::inputs, "Where the self-test writes its inputs", Required{}),
        field("report", &Order::report, "Where the report goes", Required{}),
        field("attempt", &Order::attempt, "From 1"),
        field("seed", &Order::seed, "Of the task", AtLeast{0}),
        field("params", &Order::params, "A map; null: none"),
        field("given_inputs", &Order::given_inputs, "Paths by port"),
        field("die_at_checkpoint", &Order::die_at_checkpoint,
              "SIGKILL, right after so many checkpoints; 0: never"),
        field("stop_after", &Order::stop_after,
              "Asked to stop by so many calls of the context; -1: never"),
        field("confined", &Order::confined,
              "Writing outside of its folders fails (Landlock), where the kernel can do so"));
  }
};

struct SelfTestReport {
  std::string failure_cause;
  std::string failure;
  std::map<std::string, Digest> outputs;
  std::int64_t checkpoints = 0;
  std::int64_t calls = 0;
  std::vector<std::string> complaints;
  std::int64_t answered_ms = -1;
  std::int64_t descriptors_left = 0;
  std::int64_t threads_left = 0;
  bool sanitized = false;
  bool leaks = false;
  bool confined = false;

  static auto fields() {
    using Report = SelfTestReport;
    return std::tuple(
        field("failure_cause", &Report::failure_cause, "Empty: it succeeded", Required{}),
        field("failure", &Report::failure, "The message", Required{}),
        field("outputs", &Report::outputs, "Digests by name", Required{}),
        field("checkpoints", &Report::checkpoints, "Saved by this attempt", Required{}),
        field("calls", &Report::calls, "Of the context, by which stop_after counts", Required{}),
        field("complaints", &Report::complaints,
              "Of its progress, metrics and logs, each kind once", Required{}),
        field("answered_ms", &Report::answered_ms,
              "From the request to stop to its end; -1: not asked", Required{}),
        field("descriptors_left", &Report::descriptors_left, "Open files more than before",
              Required{}),
        field("threads_left", &Report::threads_left, "Threads more than before", Required{}),
        field("sanitized", &Report::sanitized, "AddressSanitizer looked for leaks", Required{}),
        field("leaks", &Report::leaks, "And found some", Required{}),
        field("confined", &Report::confined, "Writes were confined", Required{}));
  }
};

}  // namespace cairn
