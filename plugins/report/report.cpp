#include "plugins/report/report.h"

#include <algorithm>
#include <map>
#include <set>

namespace cairn::report {
namespace {

template <typename Named>
void make_unique(std::vector<Named>& list) {
  std::map<std::string, int> seen;
  for (auto& entry : list) {
    const int count = ++seen[entry.name];
    if (count > 1) entry.name += " (" + std::to_string(count) + ")";
  }
}

json::array interval(double low, double high) {
  return {low, high};
}

json::object to_json(const Score& score) {
  return {{"n", score.n}, {"mean", score.mean}, {"ci95", interval(score.low, score.high)}};
}

json::object to_json(const Evaluation& evaluation) {
  json::object tasks;
  for (const auto& [task, score] : evaluation.tasks) tasks[task] = to_json(score);
  return {{"name", evaluation.name},
          {"average", to_json(evaluation.average)},
          {"tasks", std::move(tasks)},
          {"well_formed", evaluation.well_formed},
          {"abstentions", evaluation.abstentions}};
}

json::array to_json(const std::vector<Difference>& differences) {
  json::array list;
  for (const auto& difference : differences) {
    json::object entry{{"from", difference.from}, {"to", difference.to}, {"n", difference.n}};
    if (!difference.task.empty()) entry["task"] = difference.task;
    if (difference.n > 0) {
      entry["mean"] = difference.mean;
      entry["ci95"] = interval(difference.low, difference.high);
    }
    list.push_back(std::move(entry));
  }
  return list;
}

json::object to_json(const Training& training) {
  json::array steps;
  for (const auto& step : training.steps)
    steps.push_back(json::object{{"step", step.step},
                                 {"reward", step.reward},
                                 {"entropy", step.entropy},
                                 {"length", step.length},
                                 {"overlong", step.overlong},
                                 {"masking", step.masking},
                                 {"updated", step.update == Update::kApplied}});
  return {{"name", training.name},
          {"applied", count_updates(training, Update::kApplied)},
          {"skipped", count_updates(training, Update::kSkipped)},
          {"no_signal", count_updates(training, Update::kNoSignal)},
          {"steps", std::move(steps)}};
}

json::object to_json(const Paper& paper) {
  json::array tables;
  for (const auto& table : paper.tables) {
    json::array rows;
    for (const auto& row : table.rows) {
      json::object values;
      for (std::size_t i = 0; i < table.columns.size(); ++i)
        values[table.columns[i]] = row.values[i] ? json::value(*row.values[i]) : json::value();
      rows.push_back(json::object{{"name", row.name}, {"values", std::move(values)}});
    }
    tables.push_back(
        json::object{{"id", table.id}, {"title", table.title}, {"rows", std::move(rows)}});
  }
  return {{"title", paper.title}, {"arxiv", paper.arxiv}, {"tables", std::move(tables)}};
}

}  // namespace

std::vector<std::string> Report::tasks() const {
  std::set<std::string> names;
  for (const auto& evaluation : evaluations)
    for (const auto& [task, score] : evaluation.tasks) names.insert(task);
  return {names.begin(), names.end()};
}

const Difference* Report::overall() const {
  if (!from_first.empty()) return &from_first.back();
  return from_previous.empty() ? nullptr : &from_previous.back();
}

Report make_report(std::string title, std::vector<Evaluation> evaluations,
                   std::vector<Training> trainings, Paper paper, int resamples,
                   std::uint64_t seed) {
  Report report;
  report.title = std::move(title);
  report.resamples = resamples;
  report.evaluations = std::move(evaluations);
  report.trainings = std::move(trainings);
  report.paper = std::move(paper);
  make_unique(report.evaluations);
  make_unique(report.trainings);

  const auto tasks = report.tasks();
  // task 0 stands for all items
  const auto compare = [&](std::size_t from, std::size_t to, std::size_t task) {
    return paired_difference(report.evaluations[from], report.evaluations[to],
                             task == 0 ? std::string() : tasks[task - 1], resamples,
                             RandomStream(seed, "paired bootstrap", {from, to, task}));
  };
  const auto count = report.evaluations.size();
  for (std::size_t i = 1; i < count; ++i) report.from_previous.push_back(compare(i - 1, i, 0));
  for (std::size_t i = 2; i < count; ++i) report.from_first.push_back(compare(0, i, 0));
  for (std::size_t task = 1; count > 1 && task <= tasks.size(); ++task)
    report.by_task.push_back(compare(0, count - 1, task));
  return report;
}

Drift drift(const std::vector<Step>& steps, double Step::*value) {
  if (steps.empty()) return {};
  const std::size_t fifth = std::max<std::size_t>(1, steps.size() / 5);
  Drift result;
  for (std::size_t i = 0; i < fifth; ++i) {
    result.begin += steps[i].*value;
    result.end += steps[steps.size() - 1 - i].*value;
  }
  result.begin /= static_cast<double>(fifth);
  result.end /= static_cast<double>(fifth);
  return result;
}

std::int64_t count_updates(const Training& training, Update update) {
  return std::ranges::count(training.steps, update, &Step::update);
}

double overlong_share(const Training& training) {
  if (training.steps.empty()) return 0;
  double sum = 0;
  for (const auto& step : training.steps) sum += step.overlong;
  return sum / static_cast<double>(training.steps.size());
}

json::object to_json(const Report& report) {
  json::array evaluations;
  for (const auto& evaluation : report.evaluations) evaluations.push_back(to_json(evaluation));
  json::array trainings;
  for (const auto& training : report.trainings) trainings.push_back(to_json(training));
  return {{"title", report.title},
          {"resamples", report.resamples},
          {"evaluations", std::move(evaluations)},
          {"differences", json::object{{"from_previous", to_json(report.from_previous)},
                                       {"from_first", to_json(report.from_first)},
                                       {"by_task", to_json(report.by_task)}}},
          {"trainings", std::move(trainings)},
          {"paper_other_model_other_data", to_json(report.paper)}};
}

}  // namespace cairn::report
