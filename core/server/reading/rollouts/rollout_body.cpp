#include <algorithm>

#include "core/base/hex.h"
#include "core/base/text.h"
#include "core/sdk/kinds/rollout_tokens.h"
#include "core/server/reading/rollouts/body_head.h"
#include "core/server/reading/rollouts/rollout_filter.h"

namespace cairn::reading {
namespace {

// The row, and what else its line holds.
Result<json::object> whole(const RolloutView& view, std::uint64_t number, const RolloutRow& row) {
  CAIRN_ASSIGN(const std::string line, view.body(number, row));
  CAIRN_ASSIGN(json::object members, parse_json_object(line));
  json::object object = row_json(view, number, row);
  for (auto& member : members) {
    const std::string_view key = member.key();
    if (key == "id" || (key != "turns" && object.contains(key))) continue;
    object[key] = std::move(member.value());
  }
  return object;
}

json::value piece_json(std::string_view piece) {
  if (is_valid_utf8(piece)) return json::value(piece);
  return json::object{{"hex", hex_of(piece)}};
}

json::array numbers(const std::vector<double>& values, std::size_t first, std::size_t last) {
  json::array list;
  list.reserve(last - first);
  for (std::size_t i = first; i < last; ++i) list.push_back(number_or_null(values[i]));
  return list;
}

// Of the answering turn, which is the last.
std::size_t first_of_answer(const RolloutTokens& tokens) {
  return tokens.turns.empty() ? 0 : tokens.size() - tokens.turns.back();
}

std::size_t token_at(const RolloutTokens& tokens, std::size_t byte) {
  std::size_t at = 0;
  for (std::size_t i = first_of_answer(tokens); i < tokens.size(); ++i) {
    if ((tokens.marks[i] & RolloutTokens::kSpecial) != 0) continue;
    at += tokens.piece_bytes[i];
    if (at > byte) return i;
  }
  return tokens.size();
}

json::object tokens_json(const RolloutTokens& tokens, const RolloutBody& wanted) {
  const std::size_t total = tokens.size();
  const std::size_t first = std::min(
      total, wanted.token_at_byte ? token_at(tokens, *wanted.token_at_byte) : wanted.token_from);
  const std::size_t last = first + std::min(total - first, wanted.token_limit);
  json::array turns;
  for (const std::uint32_t count : tokens.turns) turns.emplace_back(count);
  json::array ids;
  json::array pieces;
  json::array counts;
  json::array special;
  std::size_t at = 0;
  for (std::size_t i = 0; i < last; ++i) {
    if (i >= first) {
      ids.emplace_back(tokens.ids[i]);
      pieces.push_back(piece_json(std::string_view(tokens.text).substr(at, tokens.piece_bytes[i])));
      counts.emplace_back((tokens.marks[i] & RolloutTokens::kCounts) != 0);
      special.emplace_back((tokens.marks[i] & RolloutTokens::kSpecial) != 0);
    }
    at += tokens.piece_bytes[i];
  }
  json::object object{{"from", first},
                      {"total", total},
                      {"turns", std::move(turns)},
                      {"response_token", first_of_answer(tokens)},
                      {"ids", std::move(ids)},
                      {"pieces", std::move(pieces)},
                      {"logprob", numbers(tokens.logprobs, first, last)},
                      {"entropy", numbers(tokens.entropies, first, last)},
                      {"counts", std::move(counts)},
                      {"special", std::move(special)}};
  object["reference"] = tokens.reference.empty()
                            ? json::value(nullptr)
                            : json::value(numbers(tokens.reference, first, last));
  return object;
}

}  // namespace

Result<json::object> rollout_group(const Rollouts& rollouts, std::int64_t step,
                                   const std::string& sample, std::size_t most_text) {
  const RolloutView& view = *rollouts;
  RolloutFilter wanted;
  wanted.step_min = step;
  wanted.step_max = step;
  wanted.sample = sample;
  const RowFilter filter(wanted, view);
  std::vector<std::pair<std::uint64_t, RolloutRow>> found;
  CAIRN_TRY(view.scan(filter.rows().first, filter.rows().second,
                      [&](std::uint64_t number, const RolloutRow& row) {
                        if (filter.takes(row)) found.emplace_back(number, row);
                        return found.size() <= kMostOfGroup;
                      }));
  if (found.empty())
    return not_found("step " + std::to_string(step) + " has no rollout of sample '" + sample + "'");
  const bool more = found.size() > kMostOfGroup;
  if (more) found.pop_back();
  std::ranges::stable_sort(found, {}, [](const auto& entry) { return entry.second.index; });
  json::array list;
  for (const auto& [number, row] : found) {
    CAIRN_ASSIGN(json::object object, whole(view, number, row));
    cut_texts(object, most_text);
    list.push_back(std::move(object));
  }
  return json::object{{"step", step},
                      {"sample", view.samples().to_json(found.front().second.sample)},
                      {"rollouts", std::move(list)},
                      {"more", more}};
}

Result<json::object> rollout_body(const Rollouts& rollouts, const RolloutBody& body) {
  const RolloutView& view = *rollouts;
  if (body.token_limit > kMostTokens)
    return invalid_argument("token_limit is " + std::to_string(body.token_limit),
                            "a page has at most " + std::to_string(kMostTokens) + " tokens");
  CAIRN_ASSIGN(const RolloutRow row, view.row(body.row));
  CAIRN_ASSIGN(json::object object, whole(view, body.row, row));
  json::object answer;
  std::size_t from = 0;
  std::size_t bytes = 0;
  if (auto* response = object["response"].if_string()) {
    bytes = response->size();
    from = code_point_before(*response, body.text_from);
    response->erase(0, from);
  }
  cut_texts(object, body.most_text);
  answer["rollout"] = std::move(object);
  answer["sample"] = view.samples().to_json(row.sample);
  answer["response_from"] = from;
  answer["response_bytes"] = bytes;
  answer["tokens"] = nullptr;
  if (row.has(RolloutRow::kTokens)) {
    CAIRN_ASSIGN(const std::string block, view.token_block(body.row, row));
    auto tokens = parse_rollout_tokens(block);
    if (!tokens.ok())
      return with_context(std::move(tokens).error(), "rollout " + std::to_string(body.row));
    answer["tokens"] = tokens_json(*tokens, body);
  }
  return answer;
}

}  // namespace cairn::reading
