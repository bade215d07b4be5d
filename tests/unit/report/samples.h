// Small evidence for the tests of the report.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "plugins/report/report.h"

namespace cairn::report {

// Ten items of two tasks; `right` of them, from the first on, score 1.
inline Evaluation sample_evaluation(std::string name, int right) {
  Evaluation evaluation;
  evaluation.name = std::move(name);
  double scores[2] = {0, 0};
  for (int i = 0; i < 10; ++i) {
    const double score = i < right ? 1 : 0;
    scores[i % 2] += score;
    evaluation.items.push_back(
        {"item-" + std::to_string(i), i % 2 == 0 ? "multihop" : "multiple_choice", score});
  }
  const double mean = right / 10.0;
  evaluation.average = {10, mean, mean - 0.1, mean + 0.1};
  evaluation.tasks["multihop"] = {5, scores[0] / 5, 0, 1};
  evaluation.tasks["multiple_choice"] = {5, scores[1] / 5, 0, 1};
  evaluation.well_formed = 0.95;
  return evaluation;
}

inline Training sample_training(std::string name) {
  Training training;
  training.name = std::move(name);
  for (int i = 1; i <= 10; ++i) {
    Step step;
    step.step = i;
    step.reward = 0.1 * i;
    step.entropy = 0.5 - 0.02 * i;
    step.length = 20 + i;
    step.overlong = 0.1;
    step.masking = i == 4;
    step.update = i == 4 ? Update::kSkipped : Update::kApplied;
    training.steps.push_back(step);
  }
  return training;
}

inline Paper sample_paper() {
  return {"A paper",
          "0000.00000",
          {{"table10", "Stages", {"Avg", "MRCR"}, {{"Base", {61.92, std::nullopt}}}, "A note."}}};
}

}  // namespace cairn::report
