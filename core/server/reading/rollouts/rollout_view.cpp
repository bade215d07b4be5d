#include "core/server/reading/rollouts/rollout_view.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/sdk/kinds/record_file.h"

namespace cairn::reading {
namespace {

constexpr std::size_t kRowsAtOnce = 4096;  // 384 KiB

Error outside(std::uint64_t number) {
  return corrupt("rollout " + std::to_string(number) + " points outside of its file");
}

}  // namespace

SampleTable::SampleTable(std::vector<RolloutSample> samples, bool detailed)
    : samples_(std::move(samples)), by_id_(samples_.size()), detailed_(detailed) {
  std::iota(by_id_.begin(), by_id_.end(), 0U);
  std::ranges::sort(by_id_, {}, [&](std::uint32_t at) -> const auto& { return samples_[at].id; });
  for (const auto& sample : samples_) {
    // Few are distinct: a set of all would copy every name.
    const auto place = std::ranges::lower_bound(tasks_, sample.task);
    if (place == tasks_.end() || *place != sample.task) tasks_.insert(place, sample.task);
  }
}

std::optional<std::uint32_t> SampleTable::find_sample(const std::string& id) const {
  const auto place = std::ranges::lower_bound(
      by_id_, id, {}, [&](std::uint32_t at) -> const auto& { return samples_[at].id; });
  if (place == by_id_.end() || samples_[*place].id != id) return std::nullopt;
  return *place;
}

std::optional<std::uint16_t> SampleTable::find_task(const std::string& name) const {
  const auto place = std::ranges::lower_bound(tasks_, name);
  if (place == tasks_.end() || *place != name) return std::nullopt;
  return static_cast<std::uint16_t>(place - tasks_.begin());
}

json::object SampleTable::to_json(std::uint32_t sample) const {
  const RolloutSample& found = samples_[sample];
  json::object object{{"id", found.id}, {"task", found.task}};
  object["record"] = detailed_ ? json::value(found.record) : json::value(nullptr);
  object["prompt_tokens"] = detailed_ ? json::value(found.prompt_tokens) : json::value(nullptr);
  return object;
}

Result<std::shared_ptr<const SampleTable>> read_samples(const fs::path& file) {
  CAIRN_ASSIGN(auto reader, RecordReader<RolloutSample>::open(file));
  std::vector<RolloutSample> samples;
  for (;;) {
    CAIRN_ASSIGN(auto sample, reader.next());
    if (!sample) return std::make_shared<const SampleTable>(std::move(samples), true);
    samples.push_back(std::move(*sample));
  }
}

void StepRows::join(const StepRows& later) {
  last_step = later.last_step;
  reward_min = std::min(reward_min, later.reward_min);
  reward_max = std::max(reward_max, later.reward_max);
  count += later.count;
  reward_sum += later.reward_sum;
  entropy_sum += later.entropy_sum;
  entropies += later.entropies;
  tokens += later.tokens;
  truncated += later.truncated;
  dropped += later.dropped;
}

Result<void> add_row(const RolloutRow& row, std::uint64_t number, std::vector<StepRows>& steps) {
  const bool entropy = std::isfinite(row.entropy);
  const StepRows one{row.step,
                     row.step,
                     number,
                     1,
                     row.reward,
                     row.reward,
                     row.reward,
                     entropy ? row.entropy : 0,
                     entropy ? 1U : 0U,
                     row.tokens,
                     row.has(RolloutRow::kTruncated) ? 1U : 0U,
                     row.has(RolloutRow::kDropped) ? 1U : 0U};
  if (!steps.empty() && row.step < steps.back().step)
    return corrupt("rollout " + std::to_string(number) + " goes back to step " +
                   std::to_string(row.step));
  if (!steps.empty() && row.step == steps.back().step)
    steps.back().join(one);
  else
    steps.push_back(one);
  return {};
}

RolloutView::RolloutView(std::vector<RolloutPart> parts, std::vector<StepRows> steps,
                         std::shared_ptr<const SampleTable> samples, std::vector<std::string> notes)
    : parts_(std::move(parts)),
      steps_(std::move(steps)),
      samples_(std::move(samples)),
      notes_(std::move(notes)) {
  for (const auto& part : parts_) size_ = part.first + part.count;
}

const RolloutPart& RolloutView::part_of(std::uint64_t number) const {
  const auto after = std::ranges::upper_bound(parts_, number, {}, &RolloutPart::first);
  return *std::prev(after);
}

Result<void> RolloutView::scan(std::uint64_t first, std::uint64_t last, const EachRow& each) const {
  last = std::min(last, size_);
  std::vector<RolloutRow> rows;
  for (const auto& part : parts_) {
    const std::uint64_t end = std::min(last, part.first + part.count);
    for (std::uint64_t number = std::max(first, part.first); number < end;) {
      const std::uint64_t local = number - part.first;
      const std::size_t count = std::min<std::uint64_t>(end - number, kRowsAtOnce);
      const RolloutRow* found = nullptr;
      if (part.columns) {
        rows.resize(count);
        CAIRN_TRY(part.columns->read_at(
            local * sizeof(RolloutRow),
            std::span<char>(reinterpret_cast<char*>(rows.data()), count * sizeof(RolloutRow))));
        found = rows.data();
      } else {
        found = part.rows->data() + local;
      }
      for (std::size_t i = 0; i < count; ++i, ++number) {
        // A row was whole when it was counted; a file may have been damaged since.
        if (!samples_->knows(found[i])) return outside(number);
        if (!each(number, found[i])) return {};
      }
    }
  }
  return {};
}

Result<RolloutRow> RolloutView::row(std::uint64_t number) const {
  if (number >= size_)
    return not_found("there is no rollout " + std::to_string(number),
                     "there are " + std::to_string(size_) + ", counted from 0");
  RolloutRow found;
  CAIRN_TRY(scan(number, number + 1, [&](std::uint64_t, const RolloutRow& row) {
    found = row;
    return true;
  }));
  return found;
}

std::pair<std::uint64_t, std::uint64_t> RolloutView::rows_of_steps(std::int64_t from,
                                                                   std::int64_t to) const {
  const auto first = std::ranges::lower_bound(steps_, from, {}, &StepRows::step);
  const auto last = std::ranges::upper_bound(steps_, to, {}, &StepRows::step);
  const auto row_of = [&](auto place) { return place == steps_.end() ? size_ : place->first; };
  return {row_of(first), std::max(row_of(first), row_of(last))};
}

Result<std::string> RolloutView::body(std::uint64_t number, const RolloutRow& row) const {
  return body_head(number, row, row.body_bytes);
}

Result<std::string> RolloutView::body_head(std::uint64_t number, const RolloutRow& row,
                                           std::size_t most) const {
  const RolloutPart& part = part_of(number);
  if (row.body_offset < part.body_base) return outside(number);
  return part.bodies->read_at(row.body_offset - part.body_base,
                              std::min<std::uint64_t>(most, row.body_bytes));
}

Result<std::vector<std::string>> RolloutView::bodies(std::uint64_t first,
                                                     const std::vector<RolloutRow>& rows) const {
  std::vector<std::string> lines;
  for (std::size_t begin = 0; begin < rows.size();) {
    const RolloutPart& part = part_of(first + begin);
    std::size_t end = begin + 1;
    while (end < rows.size() && first + end < part.first + part.count &&
           rows[end].body_offset == rows[end - 1].body_offset + rows[end - 1].body_bytes + 1)
      ++end;
    const std::uint64_t offset = rows[begin].body_offset;
    const RolloutRow& last = rows[end - 1];
    if (offset < part.body_base) return outside(first + begin);
    CAIRN_ASSIGN(
        const std::string text,
        part.bodies->read_at(offset - part.body_base, last.body_offset + last.body_bytes - offset));
    for (; begin < end; ++begin)
      lines.push_back(text.substr(rows[begin].body_offset - offset, rows[begin].body_bytes));
  }
  return lines;
}

Result<std::string> RolloutView::token_block(std::uint64_t number, const RolloutRow& row) const {
  const RolloutPart& part = part_of(number);
  if (!part.tokens || row.token_offset < part.token_base) return outside(number);
  return part.tokens->read_at(row.token_offset - part.token_base, row.token_bytes);
}

}  // namespace cairn::reading
