#include "plugins/lib/curation/ledger.h"

#include <algorithm>
#include <tuple>

#include "core/base/text.h"

namespace cairn::curation {
namespace {

json::object counts(const std::map<std::string, std::int64_t>& by_name) {
  json::object object;
  for (const auto& [name, count] : by_name) object[name] = count;
  return object;
}

std::map<std::string, std::int64_t> by_task(const Records& records) {
  std::map<std::string, std::int64_t> tasks;
  for (const auto& record : records) ++tasks[record.task];
  return tasks;
}

std::int64_t count_of(const std::map<std::string, std::int64_t>& counts, const std::string& name) {
  const auto found = counts.find(name);
  return found == counts.end() ? 0 : found->second;
}

}  // namespace

void Ledger::open(const Records& records) {
  for (const auto& record : records) ++tasks_in_[record.task];
}

void Ledger::apply(std::string_view rule, const Verdicts& verdicts, Records& records) {
  auto found = std::ranges::find(rules_, rule, &Rule::name);
  if (found == rules_.end()) found = rules_.insert(found, Rule{std::string(rule), 0, 0, {}});
  Records kept;
  kept.reserve(records.size());
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (verdicts[i].keeps()) {
      kept.push_back(std::move(records[i]));
      continue;
    }
    ++found->reasons[verdicts[i].reason];
    drops_.push_back({records[i].id, records[i].task, std::string(rule), verdicts[i]});
  }
  found->in += static_cast<std::int64_t>(records.size());
  found->out += static_cast<std::int64_t>(kept.size());
  records = std::move(kept);
}

void Ledger::note(std::string text) {
  notes_.push_back(std::move(text));
}

std::string Ledger::summary() const {
  std::vector<std::string> parts;
  for (const auto& rule : rules_) {
    for (const auto& [reason, count] : rule.reasons) {
      parts.push_back(std::to_string(count) + " " + reason);
    }
  }
  return join(parts, ", ");
}

json::object Ledger::report(const Records& training, const Records& heldout) const {
  std::int64_t in = 0;
  for (const auto& [task, count] : tasks_in_) in += count;

  json::array rules;
  for (const auto& rule : rules_) {
    rules.push_back(json::object{{"rule", rule.name},
                                 {"in", rule.in},
                                 {"out", rule.out},
                                 {"reasons", counts(rule.reasons)}});
  }

  const auto kept = by_task(training);
  const auto held = by_task(heldout);
  std::map<std::string, std::map<std::string, std::int64_t>> reasons;
  for (const auto& drop : drops_) ++reasons[drop.task][drop.verdict.reason];
  json::object tasks;
  for (const auto& [task, count] : tasks_in_) {
    tasks[task] = json::object{{"in", count},
                               {"training", count_of(kept, task)},
                               {"heldout", count_of(held, task)},
                               {"dropped", counts(reasons[task])}};
  }

  std::vector<Drop> sorted = drops_;
  std::ranges::sort(sorted, {}, [](const Drop& drop) {
    return std::tie(drop.id, drop.rule, drop.verdict.reason, drop.verdict.detail);
  });
  json::array dropped;
  for (const auto& drop : sorted) {
    json::object entry{
        {"id", drop.id}, {"task", drop.task}, {"rule", drop.rule}, {"reason", drop.verdict.reason}};
    if (!drop.verdict.detail.empty()) entry["detail"] = drop.verdict.detail;
    dropped.push_back(std::move(entry));
  }
  json::array notes;
  for (const auto& note : notes_) notes.emplace_back(note);
  return {{"records", json::object{{"in", in},
                                   {"training", training.size()},
                                   {"heldout", heldout.size()},
                                   {"dropped", dropped.size()}}},
          {"rules", std::move(rules)},
          {"tasks", std::move(tasks)},
          {"notes", std::move(notes)},
          {"dropped", std::move(dropped)}};
}

}  // namespace cairn::curation
