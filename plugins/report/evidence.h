// What a report is made from: the summaries of `eval`, the step records of RL stages.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::report {

struct Score {
  std::int64_t n = 0;
  double mean = 0;  // 0..1
  double low = 0;   // 95 % interval
  double high = 0;
};

struct Item {
  std::string id;
  std::string task;
  double score = 0;
};

// One `summary` artifact.
struct Evaluation {
  std::string name;
  Score average;  // mean over items
  std::map<std::string, Score> tasks;
  double well_formed = 0;  // fraction
  std::int64_t abstentions = 0;
  std::vector<Item> items;  // sorted by id, each id once
};

enum class Update { kApplied, kSkipped, kNoSignal };

// One RL step: a line of steps.jsonl.
struct Step {
  std::int64_t step = 0;
  double reward = 0;    // mean
  double entropy = 0;   // nats; mean of sequence means
  double length = 0;    // tokens, mean
  double overlong = 0;  // fraction
  bool masking = false;
  Update update = Update::kApplied;
};

// One `rollouts` artifact.
struct Training {
  std::string name;
  std::vector<Step> steps;  // ascending
};

// Errors name the file and the key. A summary whose n, average or item ids contradict each other
// is refused: a report must not print numbers that do not follow from their items.
[[nodiscard]] Result<Evaluation> read_evaluation(const fs::path& file);
[[nodiscard]] Result<Evaluation> evaluation_from_text(std::string_view text);
// name is left empty: the artifact has none.
[[nodiscard]] Result<Training> read_training(const fs::path& folder);

}  // namespace cairn::report
