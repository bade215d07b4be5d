// What tests of looking at rollouts share: a folder, and answers that must be there.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/server/reading/rollouts/rollouts.h"
#include "tests/unit/rollouts/made_rollouts.h"

namespace cairn::testing {

class RolloutsTest : public ::testing::Test {
 protected:
  RolloutsTest()
      : folder_(make_private_folder(fs::temp_directory_path(), "cairn-rollouts-").value()) {}
  ~RolloutsTest() override { fs::remove_all(folder_); }

  void write(const std::vector<MadeRollout>& all) const {
    RolloutFiles files(folder_, "");
    for (const auto& made : all) files.add(made);
  }
  [[nodiscard]] reading::Rollouts view() const {
    auto source = reading::RolloutSource::open_artifact(folder_);
    EXPECT_TRUE(source.ok()) << (source.ok() ? "" : source.error().to_string());
    return (*source)->view().value();
  }
  fs::path folder_;
};

inline json::object need(Result<json::object> answer) {
  EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().to_string());
  return answer.ok() ? *answer : json::object();
}

inline std::string problem(const Result<json::object>& answer) {
  return answer.ok() ? "no error" : answer.error().to_string();
}

// Of a list of rollouts.
inline std::vector<std::uint64_t> rows_of(const json::object& answer,
                                          const char* list = "rollouts") {
  std::vector<std::uint64_t> rows;
  for (const auto& entry : answer.at(list).as_array())
    rows.push_back(entry.at("row").to_number<std::uint64_t>());
  return rows;
}

// Steps 1 to `steps`, two samples with two rollouts each; rewards 0, 1, 2, 3 in a step.
inline std::vector<MadeRollout> some_steps(std::int64_t steps, std::int64_t from = 1) {
  std::vector<MadeRollout> all;
  for (std::int64_t step = from; step < from + steps; ++step) {
    for (std::uint32_t i = 0; i < 4; ++i) {
      MadeRollout made;
      made.step = step;
      made.sample = i / 2 == 0 ? 1 : 3;
      made.index = i % 2;
      made.reward = i;
      made.advantage = static_cast<double>(i) - 1;
      made.tokens = 10 + i;
      made.response = "Step " + std::to_string(step) + ", number " + std::to_string(i);
      all.push_back(made);
    }
  }
  return all;
}

}  // namespace cairn::testing
