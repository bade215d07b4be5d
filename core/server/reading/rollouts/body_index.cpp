#include "core/server/reading/rollouts/body_index.h"

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "core/sdk/kinds/byte_file.h"

namespace cairn::reading {
namespace {

constexpr std::size_t kChunk = std::size_t{1} << 20;

double number_or(const json::object& line, std::string_view key, double otherwise) {
  const auto* value = line.if_contains(key);
  return value != nullptr && value->is_number() ? value->to_number<double>() : otherwise;
}

std::uint32_t count_or(const json::object& line, std::string_view key, std::uint32_t otherwise) {
  const auto value = get_uint(line, key);
  if (!value.ok()) return otherwise;
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(*value, std::numeric_limits<std::uint32_t>::max()));
}

bool is_true(const json::object& line, std::string_view key) {
  const auto* value = line.if_contains(key);
  return value != nullptr && value->is_bool() && value->as_bool();
}

class Indexer {
 public:
  Result<void> add(std::string_view text, std::uint64_t offset) {
    CAIRN_ASSIGN(const json::object line, parse_json_object(text));
    RolloutRow row;
    CAIRN_ASSIGN(row.step, get_int(line, "step"));
    CAIRN_ASSIGN(row.reward, get_double(line, "reward"));
    CAIRN_ASSIGN(std::string id, get_string(line, "id"));
    CAIRN_ASSIGN(std::string task, get_string(line, "task"));
    const double nothing = std::numeric_limits<double>::quiet_NaN();
    row.index = count_or(line, "index", 0);
    row.advantage = number_or(line, "advantage", nothing);
    row.entropy = number_or(line, "entropy", nothing);
    row.tokens = count_or(line, "tokens", 0);
    row.prompt_tokens = count_or(line, "prompt_tokens", 0);
    if (const auto* turns = line.if_contains("turns"); turns != nullptr && turns->is_array())
      row.turns = static_cast<std::uint32_t>(turns->as_array().size());
    if (is_true(line, "dropped")) row.flags |= RolloutRow::kDropped;
    if (is_true(line, "truncated")) row.flags |= RolloutRow::kTruncated;
    if (const auto* answer = line.if_contains("answer"))
      row.flags |= answer->is_null() ? RolloutRow::kUnanswered : RolloutRow::kAnswered;
    row.body_offset = offset;
    row.body_bytes = static_cast<std::uint32_t>(text.size());
    const auto [known, fresh] =
        codes_.try_emplace(id, static_cast<std::uint32_t>(index_.samples.size()));
    if (fresh) index_.samples.push_back({std::move(id), std::move(task), 0, 0});
    row.sample = known->second;
    index_.rows.push_back(row);
    return {};
  }

  BodyIndex finish() {
    std::ranges::stable_sort(index_.rows, {}, &RolloutRow::step);
    const SampleTable table(index_.samples, false);
    std::vector<std::uint16_t> tasks;
    tasks.reserve(index_.samples.size());
    for (const auto& sample : index_.samples)
      tasks.push_back(table.find_task(sample.task).value_or(0));
    for (auto& row : index_.rows) row.task = tasks[row.sample];
    return std::move(index_);
  }

 private:
  BodyIndex index_;
  std::unordered_map<std::string, std::uint32_t> codes_;
};

}  // namespace

Result<BodyIndex> index_bodies(const ReadFile& bodies, bool growing) {
  CAIRN_ASSIGN(const std::uint64_t size, bodies.size());
  Indexer indexer;
  std::string rest;  // the beginning of a line
  std::uint64_t line_at = 0;
  int number = 0;
  const auto add = [&](std::string_view line) -> Result<void> {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) return {};
    auto added = indexer.add(line, line_at);
    if (added.ok()) return {};
    Error error = std::move(added).error();
    error.where = Where{bodies.path().string(), number, 1};
    return error;
  };
  for (std::uint64_t at = 0; at < size;) {
    const std::uint64_t count = std::min<std::uint64_t>(kChunk, size - at);
    CAIRN_ASSIGN(const std::string chunk, bodies.read_at(at, count));
    at += count;
    std::size_t searched = rest.size();
    rest += chunk;
    std::size_t begin = 0;
    for (std::size_t end = rest.find('\n', searched); end != std::string::npos;
         end = rest.find('\n', begin)) {
      CAIRN_TRY(add(std::string_view(rest).substr(begin, end - begin)));
      line_at += end + 1 - begin;
      begin = end + 1;
    }
    rest.erase(0, begin);
    if (rest.size() > LineReader::kLongest)
      return corrupt(bodies.path().string() + " has a line of more than 256 MiB");
  }
  if (!rest.empty() && !growing) CAIRN_TRY(add(rest));
  return indexer.finish();
}

}  // namespace cairn::reading
