// What `cairn plugins check` orders from cairn-host, and what it is told.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// One attempt of a stage in a folder that all attempts of its task share.
struct SelfTestOrder {
  fs::path library;
  std::string stage_type;
  fs::path task;    // TaskFolder
  fs::path inputs;  // where the self-test writes its inputs
  fs::path report;  // where the report goes
  int attempt = 1;
  std::uint64_t seed = 0;
  // In place of the stage's own self-test, where there are any.
  std::optional<json::object> params;
  std::map<std::string, std::vector<std::string>> given_inputs;

  int die_at_checkpoint = 0;     // SIGKILL, right after so many checkpoints; 0: never
  std::int64_t stop_after = -1;  // asked to stop by so many calls of the context; -1: never
  // Writing outside of its folders fails (Landlock), where the kernel can do so.
  bool confined = false;
};
[[nodiscard]] json::object to_json(const SelfTestOrder& order);
[[nodiscard]] Result<SelfTestOrder> self_test_order_from_json(const json::object& object);

struct SelfTestReport {
  std::string failure_cause;  // empty: it succeeded
  std::string failure;
  std::map<std::string, Digest> outputs;
  std::int64_t checkpoints = 0;         // saved by this attempt
  std::int64_t calls = 0;               // of the context, by which stop_after counts
  std::vector<std::string> complaints;  // of its progress, metrics and logs, each kind once
  std::int64_t answered_ms = -1;        // from the request to stop to its end; -1: not asked
  std::int64_t descriptors_left = 0;    // open files more than before
  std::int64_t threads_left = 0;
  bool sanitized = false;  // AddressSanitizer looked for leaks
  bool leaks = false;
  bool confined = false;
};
[[nodiscard]] json::object to_json(const SelfTestReport& report);
[[nodiscard]] Result<SelfTestReport> self_test_report_from_json(const json::object& object);

}  // namespace cairn
