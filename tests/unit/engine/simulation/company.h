// Short runs that come and go beside the one a life is about, on the same hosts.
#pragma once

#include <string>

#include "core/base/random.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {

class Company {
 public:
  Company(Lab& lab, RandomStream& random) : lab_(lab), random_(random) {}

  // One comes, is ended, or is forgotten.
  void move() {
    Scheduler& scheduler = *lab_.scheduler;
    if (run_.empty()) {
      SubmitOptions options;
      options.request_id = "company " + std::to_string(number_);
      const auto submitted = scheduler.submit(draw(), options);
      if (submitted.ok()) run_ = *submitted;
      return;
    }
    const RunState* state = scheduler.find(run_);
    if (state == nullptr) {
      // Left by an engine that died, or over before this one came.
      const auto left = scheduler.recover({run_});
      if (left.ok() && scheduler.find(run_) == nullptr) {
        run_.clear();
        ++number_;
      }
    } else if (state->status == RunStatus::kRunning) {
      if (random_.below(10) == 0) (void)scheduler.cancel(run_);
    } else if (scheduler.remove(run_).ok()) {
      run_.clear();
      ++number_;
    }
  }
  [[nodiscard]] const std::string& run() const { return run_; }

 private:
  [[nodiscard]] WorkflowSpec draw() const {
    StageSpec spec = stage("company" + std::to_string(number_), {}, number_ % 3);
    if (number_ % 2 == 0) spec = with_cells(std::move(spec), 3);
    if (number_ % 4 != 3) spec.resources.pools = {{"licence", 1}};
    WorkflowSpec drawn = workflow({std::move(spec)});
    drawn.pools = {{"licence", 2}};
    return drawn;
  }

  Lab& lab_;
  RandomStream& random_;
  std::string run_;  // empty: none is there, as far as anybody was told
  int number_ = 0;
};

}  // namespace cairn::testing
