#include "plugins/lib/curation/balance.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "core/base/random.h"
#include "plugins/lib/curation/shingles.h"
#include "plugins/lib/grade/answer.h"

namespace cairn::curation {
namespace {

std::int64_t sum_cut_at(const std::vector<std::int64_t>& counts, std::int64_t cap) {
  std::int64_t sum = 0;
  for (const std::int64_t count : counts) sum += std::min(count, cap);
  return sum;
}

std::vector<std::string> ids_of(const Records& records) {
  std::vector<std::string> ids;
  for (const auto& record : records) ids.push_back(record.id);
  return ids;
}

// Members of each group, in drawn order.
using Groups = std::map<std::string, std::vector<std::size_t>>;

std::vector<std::int64_t> sizes_of(const Groups& groups) {
  std::vector<std::int64_t> sizes;
  for (const auto& [name, members] : groups) {
    sizes.push_back(static_cast<std::int64_t>(members.size()));
  }
  return sizes;
}

std::string letter_of(const text::QaRecord& record) {
  if (record.choices.empty() || record.answer.empty()) return "";
  const auto letter = grade::choice_letter(record.answer.front());
  return letter ? std::string(1, *letter) : "";
}

// Splits every template by the answer and cuts those above their share. Templates and answers are
// given by record; an empty answer is none.
void cut_frequent(const Records& records, const std::vector<std::string>& templates,
                  const std::vector<std::string>& answers, const GuessOptions& options,
                  const char* reason, Verdicts& verdicts) {
  std::map<std::string, Groups> by_template;
  for (const std::size_t i : drawn_order(ids_of(records), options.seed, "guess")) {
    if (verdicts[i].keeps() && !answers[i].empty()) {
      by_template[templates[i]][answers[i]].push_back(i);
    }
  }
  for (const auto& [name, by_answer] : by_template) {
    const std::vector<std::int64_t> counts = sizes_of(by_answer);
    if (std::accumulate(counts.begin(), counts.end(), std::int64_t{0}) < options.min_records) {
      continue;
    }
    if (by_answer.size() == 1) {
      for (const std::size_t i : by_answer.begin()->second) {
        verdicts[i] = {"one answer to the template", name};
      }
      continue;
    }
    const auto cap = static_cast<std::size_t>(share_cap(counts, options.share));
    for (const auto& [answer, members] : by_answer) {
      for (std::size_t n = cap; n < members.size(); ++n) verdicts[members[n]] = {reason, name};
    }
  }
}

template <typename Function>
std::vector<std::string> of_each(const Records& records, const Function& function) {
  std::vector<std::string> values;
  for (const auto& record : records) values.push_back(function(record));
  return values;
}

}  // namespace

std::int64_t share_cap(const std::vector<std::int64_t>& counts, double share) {
  if (counts.empty()) return 0;
  const auto [least, most] = std::ranges::minmax(counts);
  if (share * static_cast<double>(counts.size()) < 1.0) return least;
  // sum_cut_at(m) / m falls with m, so caps that hold are those up to some bound.
  std::int64_t low = 1, high = most;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    const double allowed = share * static_cast<double>(sum_cut_at(counts, middle));
    if (static_cast<double>(middle) <= allowed + 1e-9) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return low;
}

std::vector<std::int64_t> spread(const std::vector<std::int64_t>& available, std::int64_t total) {
  const std::int64_t all = std::accumulate(available.begin(), available.end(), std::int64_t{0});
  if (total <= 0 || total >= all) return available;
  // The highest level that all can be cut at without passing the total; then the remainder.
  std::int64_t low = 0, high = total;
  while (low < high) {
    const std::int64_t middle = low + (high - low + 1) / 2;
    if (sum_cut_at(available, middle) <= total) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  std::vector<std::int64_t> parts;
  for (const std::int64_t count : available) parts.push_back(std::min(count, low));
  std::int64_t left = total - sum_cut_at(available, low);
  for (std::size_t i = 0; i < parts.size() && left > 0; ++i) {
    if (available[i] > low) ++parts[i], --left;
  }
  return parts;
}

std::vector<std::size_t> drawn_order(const std::vector<std::string>& ids, std::uint64_t seed,
                                     std::string_view purpose) {
  std::vector<std::pair<std::uint64_t, std::size_t>> keyed;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    keyed.emplace_back(derive_seed(seed, purpose, {hash_text(ids[i])}), i);
  }
  std::ranges::sort(keyed, {}, [&](const auto& entry) {
    return std::pair<std::uint64_t, const std::string&>(entry.first, ids[entry.second]);
  });
  std::vector<std::size_t> order;
  for (const auto& [key, i] : keyed) order.push_back(i);
  return order;
}

std::string template_of(const text::QaRecord& record) {
  const auto* made_from = record.provenance.if_contains("template");
  if (made_from == nullptr || made_from->is_null()) {
    return record.task + "/" + record.question_type;
  }
  const std::string name =
      made_from->is_string() ? std::string(made_from->as_string()) : canonical_json(*made_from);
  return record.task + "/" + name;
}

std::vector<std::string> question_shapes(const Records& records, std::int64_t common) {
  std::vector<std::vector<std::string>> questions;
  std::map<std::string, std::int64_t> holders;
  for (const auto& record : records) {
    questions.push_back(words_of(record.question));
    const std::set<std::string> distinct(questions.back().begin(), questions.back().end());
    for (const auto& word : distinct) ++holders[word];
  }
  std::vector<std::string> shapes;
  for (std::size_t i = 0; i < records.size(); ++i) {
    std::string shape = records[i].task + ":";
    for (const auto& word : questions[i]) {
      if (holders.at(word) >= common) {
        shape += " " + word;
      } else if (!shape.ends_with(" _")) {
        shape += " _";
      }
    }
    shapes.push_back(std::move(shape));
  }
  return shapes;
}

Verdicts guessable(const Records& records, const GuessOptions& options) {
  Verdicts verdicts(records.size());
  const auto answers = of_each(records, canonical_answer_key);
  const auto letters = of_each(records, letter_of);
  const auto shapes = question_shapes(records, options.min_records);
  const auto templates = of_each(records, template_of);
  const auto kept = [&] { return std::ranges::count_if(verdicts, &Verdict::keeps); };
  // What one limit drops raises the other answers' shares of another template.
  for (auto before = kept() + 1; kept() != before;) {
    before = kept();
    for (const auto* groups : {&shapes, &templates}) {
      cut_frequent(records, *groups, answers, options, "most frequent answer", verdicts);
      cut_frequent(records, *groups, letters, options, "most frequent letter", verdicts);
    }
  }
  return verdicts;
}

Verdicts beyond_task_share(const Records& records, std::int64_t total, double ratio,
                           std::uint64_t seed) {
  Groups tasks;
  for (const std::size_t i : drawn_order(ids_of(records), seed, "task")) {
    tasks[records[i].task].push_back(i);
  }
  Verdicts verdicts(records.size());
  if (tasks.empty()) return verdicts;
  std::vector<std::int64_t> available = sizes_of(tasks);
  if (ratio > 0) {
    const double smallest = static_cast<double>(std::ranges::min(available));
    const auto cap = static_cast<std::int64_t>(std::floor(smallest * std::max(1.0, ratio)));
    for (std::int64_t& count : available) count = std::min(count, cap);
  }
  const std::vector<std::int64_t> parts = spread(available, total);
  auto part = parts.begin();
  for (const auto& [task, members] : tasks) {
    for (auto n = static_cast<std::size_t>(*part++); n < members.size(); ++n) {
      verdicts[members[n]].reason = "more of this task than wanted";
    }
  }
  return verdicts;
}

}  // namespace cairn::curation
