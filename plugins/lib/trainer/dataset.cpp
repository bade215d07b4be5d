#include "plugins/lib/trainer/dataset.h"

#include <algorithm>
#include <numeric>

namespace cairn::trainer {

std::vector<std::string> Dataset::tasks() const {
  std::vector<std::string> tasks;
  tasks.reserve(items.size());
  for (const auto& item : items) tasks.push_back(item.record.task);
  return tasks;
}

Result<Dataset> load_dataset(const fs::path& qa, const model::Tokenizer& tokenizer,
                             std::int64_t max_input_tokens) {
  CAIRN_ASSIGN(auto records, text::read_qa(qa));
  std::vector<std::size_t> order(records.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto id_of = [&](std::size_t position) -> const std::string& {
    return records[position].id;
  };
  std::ranges::stable_sort(order, {}, id_of);
  const auto twice = std::ranges::adjacent_find(order, {}, id_of);
  if (twice != order.end())
    return invalid_argument("the dataset holds the id '" + id_of(*twice) + "' twice");
  Dataset dataset;
  for (const std::size_t position : order) {
    auto& record = records[position];
    CAIRN_ASSIGN(auto prompt, tokenizer.encode_prompt(text::render_prompt(record)));
    if (static_cast<std::int64_t>(prompt.size()) > max_input_tokens) {
      ++dataset.too_long;
      continue;
    }
    dataset.items.push_back({std::move(record), position, std::move(prompt)});
  }
  if (dataset.items.empty()) {
    return invalid_argument(
        "no sample of the dataset fits into max_input_tokens = " + std::to_string(max_input_tokens),
        "raise the limit or bring shorter documents");
  }
  return dataset;
}

}  // namespace cairn::trainer
