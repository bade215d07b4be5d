#include "plugins/lib/trainer/rollout_record.h"

#include <boost/json/value_from.hpp>
#include <cmath>
#include <limits>

#include "core/base/text.h"
#include "plugins/lib/grade/answer.h"

namespace cairn::trainer {
namespace {

constexpr std::size_t kLongestAnswer = 512;  // bytes

const char* finish_of(const Turn& turn) {
  return turn.cut ? "length" : "stop";
}

// At most `most` bytes, and no half of a code point.
std::string_view head(std::string_view text, std::size_t most) {
  if (text.size() <= most) return text;
  while (most > 0 && (static_cast<unsigned char>(text[most]) & 0xC0) == 0x80) --most;
  return text.substr(0, most);
}

json::value answer_of(std::string_view response, bool thinks) {
  const auto answer = grade::final_answer(response, thinks);
  if (!answer) return nullptr;
  return json::value(head(trim(*answer), kLongestAnswer));
}

bool reads(const Trajectory& trajectory) {
  return !trajectory.turns.empty() && trajectory.turns.front().reading.has_value();
}

json::array turns_of(const Trajectory& trajectory) {
  json::array turns;
  const Reading* before = nullptr;
  for (const auto& turn : trajectory.turns) {
    json::object object;
    if (turn.reading) {
      const Reading& now = *turn.reading;
      object["chunk"] = turns.size() + 1;
      object["documents"] = json::value_from(now.documents);
      if (before == nullptr || before->memory != now.given_memory || before->plan != now.given_plan)
        object["given"] = json::object{{"memory", now.given_memory}, {"plan", now.given_plan}};
      object["memory"] = now.memory;
      object["plan"] = now.plan;
      object["memory_cut"] = now.memory_cut;
      before = &now;
    }
    object["prompt_tokens"] = turn.prompt.size();
    object["tokens"] = turn.tokens.size();
    object["finish"] = finish_of(turn);
    turns.push_back(std::move(object));
  }
  return turns;
}

}  // namespace

std::size_t token_count(const Trajectory& trajectory) {
  std::size_t count = 0;
  for (const auto& turn : trajectory.turns) count += turn.tokens.size();
  return count;
}

double mean_entropy(const Trajectory& trajectory) {
  double sum = 0;
  for (const auto& turn : trajectory.turns)
    for (const double entropy : turn.entropies) sum += entropy;
  const std::size_t count = token_count(trajectory);
  return count == 0 ? std::numeric_limits<double>::quiet_NaN() : sum / static_cast<double>(count);
}

json::value finite(double value) {
  return std::isfinite(value) ? json::value(value) : json::value(nullptr);
}

json::object rollout_line(const Trajectory& trajectory, const Item& item, const Outcome& outcome,
                          bool thinks) {
  std::size_t prompt_tokens = 0;
  for (const auto& turn : trajectory.turns) prompt_tokens += turn.prompt.size();
  json::object line{
      {"step", outcome.step},
      {"id", item.record.id},
      {"task", item.record.task},
      {"index", outcome.index},
      {"reward", outcome.reward},
      {"advantage", outcome.advantage},
      {"entropy", finite(mean_entropy(trajectory))},
      {"tokens", token_count(trajectory)},
      {"dropped", outcome.dropped},
      {"prompt_tokens", prompt_tokens},
      {"finish", trajectory.turns.empty() ? "stop" : finish_of(trajectory.turns.back())},
      {"truncated", trajectory.overlong},
      {"answer", answer_of(trajectory.response, thinks)},
      {"response", trajectory.response}};
  if (reads(trajectory)) line["turns"] = turns_of(trajectory);
  return line;
}

RolloutTokens token_data(const Trajectory& trajectory, const std::vector<std::uint8_t>& mask,
                         const model::Tokenizer& tokenizer) {
  RolloutTokens data;
  for (const auto& turn : trajectory.turns) {
    data.turns.push_back(static_cast<std::uint32_t>(turn.tokens.size()));
    for (const std::int64_t id : turn.tokens) {
      const std::string& piece = tokenizer.bytes(id);
      const bool counts = mask[data.ids.size()] != 0;
      data.ids.push_back(static_cast<std::uint32_t>(id));
      data.piece_bytes.push_back(static_cast<std::uint32_t>(piece.size()));
      data.marks.push_back(
          static_cast<std::uint8_t>((counts ? RolloutTokens::kCounts : 0) |
                                    (tokenizer.is_special(id) ? RolloutTokens::kSpecial : 0)));
      data.text += piece;
    }
    data.logprobs.insert(data.logprobs.end(), turn.logprobs.begin(), turn.logprobs.end());
    data.entropies.insert(data.entropies.end(), turn.entropies.begin(), turn.entropies.end());
  }
  return data;
}

std::vector<bool> recorded_groups(const std::vector<std::size_t>& group_tokens,
                                  TokenRecords records, std::int64_t budget) {
  std::vector<bool> recorded(group_tokens.size(), records == TokenRecords::kAll);
  if (records != TokenRecords::kSample) return recorded;
  std::size_t held = 0;
  for (std::size_t p = 0; p < group_tokens.size(); ++p) {
    held += group_tokens[p];
    if (p > 0 && held > static_cast<std::size_t>(budget)) break;
    recorded[p] = true;
  }
  return recorded;
}

}  // namespace cairn::trainer
