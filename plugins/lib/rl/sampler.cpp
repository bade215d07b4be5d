#include "plugins/lib/rl/sampler.h"

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <unordered_set>

namespace cairn::rl {

std::vector<std::size_t> task_shares(std::size_t batch, std::size_t tasks) {
  std::vector<std::size_t> shares(tasks, batch / tasks);
  for (std::size_t i = 0; i < batch % tasks; ++i) ++shares[i];
  return shares;
}

Result<BalancedSampler> BalancedSampler::create(const std::vector<std::string>& tasks,
                                                std::size_t batch, std::uint64_t seed,
                                                bool balanced) {
  std::map<std::string, std::vector<std::size_t>> by_task;
  for (std::size_t i = 0; i < tasks.size(); ++i)
    by_task[balanced ? tasks[i] : std::string("all")].push_back(i);
  if (by_task.empty()) return invalid_argument("the dataset holds no samples to draw from");
  if (batch < by_task.size()) {
    return invalid_argument("a batch of " + std::to_string(batch) + " has no place for each of " +
                                std::to_string(by_task.size()) + " tasks",
                            "raise the batch or switch the balanced sampler off");
  }
  BalancedSampler sampler;
  sampler.seed_ = seed;
  const auto shares = task_shares(batch, by_task.size());
  for (auto& [task, samples] : by_task) {
    Walk walk;
    walk.task = task;
    walk.share = shares[sampler.walks_.size()];
    if (samples.size() < walk.share) {
      return invalid_argument("task '" + task + "' has " + std::to_string(samples.size()) +
                                  " samples, but each batch draws " + std::to_string(walk.share),
                              "lower the batch or bring more samples of this task");
    }
    walk.samples = std::move(samples);
    sampler.reshuffle(walk, {});
    sampler.walks_.push_back(std::move(walk));
  }
  return sampler;
}

// A new order for the walk's epoch. What this batch already took is moved behind what it has not,
// so that the rest of the batch repeats nothing; each part keeps its shuffled order.
void BalancedSampler::reshuffle(Walk& walk, const std::vector<std::size_t>& taken) const {
  RandomStream stream(derive_seed(seed_, walk.task), "sampler.order", {walk.epoch});
  walk.order = walk.samples;
  stream.shuffle(walk.order);
  const std::unordered_set<std::size_t> seen(taken.begin(), taken.end());
  std::ranges::stable_partition(walk.order,
                                [&](std::size_t sample) { return !seen.contains(sample); });
  walk.cursor = 0;
}

std::vector<std::size_t> BalancedSampler::next() {
  std::vector<std::size_t> batch;
  for (auto& walk : walks_) {
    std::vector<std::size_t> taken;
    while (taken.size() < walk.share) {
      if (walk.cursor == walk.order.size()) {
        ++walk.epoch;
        reshuffle(walk, taken);
      }
      taken.push_back(walk.order[walk.cursor++]);
    }
    batch.insert(batch.end(), taken.begin(), taken.end());
  }
  RandomStream(seed_, "sampler.batch", {batches_++}).shuffle(batch);
  return batch;
}

json::object BalancedSampler::state() const {
  json::array walks;
  for (const auto& walk : walks_) {
    walks.push_back(json::object{{"task", walk.task},
                                 {"epoch", walk.epoch},
                                 {"cursor", walk.cursor},
                                 {"order", json::value_from(walk.order)}});
  }
  return {{"batches", batches_}, {"walks", std::move(walks)}};
}

Result<void> BalancedSampler::restore(const json::object& state) {
  CAIRN_ASSIGN(batches_, get_uint(state, "batches"));
  CAIRN_ASSIGN(const auto* walks, get_array(state, "walks"));
  if (walks->size() != walks_.size())
    return corrupt("the sampler's state has another number of tasks than the dataset");
  for (std::size_t i = 0; i < walks_.size(); ++i) {
    auto& walk = walks_[i];
    if (!(*walks)[i].is_object()) return corrupt("the sampler's state is malformed");
    const auto& object = (*walks)[i].as_object();
    CAIRN_ASSIGN(const auto task, get_string(object, "task"));
    CAIRN_ASSIGN(walk.epoch, get_uint(object, "epoch"));
    CAIRN_ASSIGN(walk.cursor, get_uint(object, "cursor"));
    CAIRN_ASSIGN(const auto* order, get_array(object, "order"));
    walk.order.clear();
    for (const auto& value : *order) {
      if (!value.is_number()) return corrupt("the sampler's order is malformed");
      walk.order.push_back(value.to_number<std::size_t>());
    }
    auto sorted = walk.order;
    std::ranges::sort(sorted);
    if (task != walk.task || sorted != walk.samples || walk.cursor > walk.order.size())
      return corrupt("the sampler's state does not belong to this dataset (task '" + task + "')");
  }
  return {};
}

}  // namespace cairn::rl
