// Rollouts as a training writes them, made up: an artifact, or the segments of a task.
#pragma once

#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/sdk/kinds/rollout_columns.h"
#include "core/sdk/kinds/rollout_tokens.h"

namespace cairn::testing {

struct MadeRollout {
  std::int64_t step = 1;
  std::uint32_t sample = 0;  // of kMadeSamples
  std::uint32_t index = 0;
  double reward = 0;
  double advantage = 0;
  double entropy = 0.25;
  std::uint32_t tokens = 3;
  bool dropped = false;
  bool truncated = false;
  std::string response = "The answer is 7";
  std::optional<std::string> answer = "7";
  json::array turns;
  std::optional<RolloutTokens> token_data;
};

// Which segments of a task count, and how many rows of all but the last.
inline void write_course(const fs::path& work,
                         const std::vector<std::pair<std::string, std::uint64_t>>& segments) {
  json::array list;
  for (const auto& [name, rows] : segments)
    list.push_back(json::object{{"segment", name}, {"bytes", rows * sizeof(RolloutRow)}});
  std::ofstream(work / "course.new") << json::serialize(json::object{{"segments", list}});
  fs::rename(work / "course.new", work / kRolloutCourse);
}

inline std::vector<RolloutSample> made_samples() {
  return {{"dialogue-1", "dialogue", 4, 90},
          {"multihop-1", "multihop", 0, 120},
          {"multihop-2", "multihop", 7, 70},
          {"reading-1", "reading", 2, 33}};
}

// Tokens of these pieces, the values different for each.
inline RolloutTokens made_tokens(const std::vector<std::string>& pieces,
                                 std::vector<std::uint32_t> turns = {}) {
  RolloutTokens data;
  data.turns =
      turns.empty() ? std::vector{static_cast<std::uint32_t>(pieces.size())} : std::move(turns);
  for (const auto& piece : pieces) {
    const auto number = static_cast<double>(data.ids.size());
    data.ids.push_back(static_cast<std::uint32_t>(100 + data.ids.size()));
    data.piece_bytes.push_back(static_cast<std::uint32_t>(piece.size()));
    data.logprobs.push_back(-0.5 - number);
    data.entropies.push_back(0.125 * number);
    data.marks.push_back(RolloutTokens::kCounts);
    data.text += piece;
  }
  return data;
}

// Appends to files that a reader may have open.
class RolloutFiles {
 public:
  // segment empty: an artifact in the folder; else the segments of that name in a work folder.
  // base: bytes of bodies and tokens in the segments before.
  RolloutFiles(const fs::path& folder, const std::string& segment, std::uint64_t body_base = 0,
               std::uint64_t token_base = 0)
      : body_end_(body_base), token_end_(token_base) {
    fs::create_directories(folder);
    const auto file = [&](const char* whole, const char* part) {
      if (segment.empty()) return folder / whole;
      fs::create_directories(folder / (std::string(part) + ".segments"));
      return folder / (std::string(part) + ".segments") / segment;
    };
    bodies_.open(file(kRolloutBodies, "rollouts"), std::ios::binary);
    tokens_.open(file(kRolloutTokens, "tokens"), std::ios::binary);
    columns_.open(file(kRolloutColumns, "columns"), std::ios::binary);
    std::ofstream samples(folder / kRolloutSamples, std::ios::binary);
    for (const auto& sample : made_samples()) samples << json::serialize(to_json(sample)) << "\n";
  }

  void add(const MadeRollout& made) {
    const auto samples = made_samples();
    json::object line{{"step", made.step},
                      {"id", samples[made.sample].id},
                      {"task", samples[made.sample].task},
                      {"index", made.index},
                      {"reward", made.reward},
                      {"advantage", made.advantage},
                      {"entropy", made.entropy},
                      {"tokens", made.tokens},
                      {"dropped", made.dropped},
                      {"prompt_tokens", 20},
                      {"finish", made.truncated ? "length" : "stop"},
                      {"truncated", made.truncated}};
    line["answer"] = made.answer ? json::value(*made.answer) : json::value(nullptr);
    line["response"] = made.response;
    if (!made.turns.empty()) line["turns"] = made.turns;
    add_line(json::serialize(line), made);
  }
  // A body that is spelled by hand.
  void add_line(const std::string& body, const MadeRollout& made) {
    RolloutRow row;
    row.step = made.step;
    row.sample = made.sample;
    row.index = made.index;
    // dialogue, multihop, reading
    row.task = static_cast<std::uint16_t>(made.sample == 0 ? 0 : made.sample < 3 ? 1 : 2);
    row.flags = static_cast<std::uint16_t>(
        (made.dropped ? RolloutRow::kDropped : 0) | (made.truncated ? RolloutRow::kTruncated : 0) |
        (made.answer ? RolloutRow::kAnswered : RolloutRow::kUnanswered) |
        (made.token_data ? RolloutRow::kTokens : 0));
    row.turns = made.turns.empty() ? 1 : static_cast<std::uint32_t>(made.turns.size());
    row.prompt_tokens = 20;
    row.tokens = made.tokens;
    row.reward = made.reward;
    row.advantage = made.advantage;
    row.entropy = made.entropy;
    row.body_offset = body_end_;
    row.body_bytes = static_cast<std::uint32_t>(body.size());
    row.token_offset = token_end_;
    if (made.token_data) {
      const std::string block = encode_rollout_tokens(*made.token_data).value();
      row.token_bytes = static_cast<std::uint32_t>(block.size());
      tokens_ << block << "\n";
      token_end_ += block.size() + 1;
    }
    bodies_ << body << "\n";
    body_end_ += body.size() + 1;
    columns_ << encode_rollout_row(row);
  }
  void flush() {
    bodies_.flush();
    tokens_.flush();
    columns_.flush();
  }
  // Raw bytes, as a writer that was stopped leaves them.
  std::ofstream& bodies() { return bodies_; }
  std::ofstream& columns() { return columns_; }
  [[nodiscard]] std::uint64_t body_end() const { return body_end_; }
  [[nodiscard]] std::uint64_t token_end() const { return token_end_; }

 private:
  std::ofstream bodies_;
  std::ofstream tokens_;
  std::ofstream columns_;
  std::uint64_t body_end_;
  std::uint64_t token_end_;
};

}  // namespace cairn::testing
