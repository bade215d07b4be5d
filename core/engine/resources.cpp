#include "core/engine/resources.h"

#include <algorithm>

namespace cairn {

ResourcePool::ResourcePool(ResourceTotals totals)
    : totals_(std::move(totals)), free_gpus_(totals_.gpus.begin(), totals_.gpus.end()) {}

Result<void> ResourcePool::check(const StageSpec& stage) const {
  const auto refuse = [&](const std::string& what, std::uint64_t wanted, std::uint64_t has) {
    Error error = invalid_argument(
        "stage '" + stage.name + "' needs " + std::to_string(wanted) + " " + what +
            ", this machine offers " + std::to_string(has),
        "lower resources." + what + " of the stage, or raise the total with --" + what);
    error.where = stage.where;
    return error;
  };
  const ResourceSpec& wanted = stage.resources;
  if (wanted.cpus > static_cast<int>(totals_.cpus)) {
    return refuse("cpus", static_cast<std::uint64_t>(wanted.cpus), totals_.cpus);
  }
  if (wanted.gpus > static_cast<int>(totals_.gpus.size())) {
    return refuse("gpus", static_cast<std::uint64_t>(wanted.gpus), totals_.gpus.size());
  }
  if (totals_.memory_bytes > 0 && wanted.memory_bytes > totals_.memory_bytes) {
    return refuse("memory", wanted.memory_bytes, totals_.memory_bytes);
  }
  for (const auto& [name, units] : wanted.pools) {
    const auto total = totals_.pools.find(name);
    if (total == totals_.pools.end() || units <= total->second) continue;
    Error error = invalid_argument(
        "stage '" + stage.name + "' needs " + std::to_string(units) + " units of the pool '" +
            name + "', all runs together have " + std::to_string(total->second),
        "lower resources.pools of the stage, or raise 'pools' in config.yaml");
    error.where = stage.where;
    return error;
  }
  return {};
}

std::optional<v1::ResourceLimits> ResourcePool::fit(const ResourceSpec& wanted,
                                                    std::uint32_t threads) const {
  const std::uint64_t cpus = std::min(threads, totals_.cpus);
  const std::uint64_t memory = std::min(wanted.memory_bytes, totals_.memory_bytes);
  const auto gpus = std::min(static_cast<std::size_t>(wanted.gpus), totals_.gpus.size());
  if (cpus_ + cpus > totals_.cpus || gpus > free_gpus_.size()) return std::nullopt;
  if (memory_ + memory > totals_.memory_bytes) return std::nullopt;
  v1::ResourceLimits limits;
  limits.set_cpus(threads);
  limits.set_memory_bytes(wanted.memory_bytes);
  auto gpu = free_gpus_.begin();
  for (std::size_t i = 0; i < gpus; ++i) limits.add_gpus(*gpu++);
  return limits;
}

bool ResourcePool::is_free(const v1::ResourceLimits& limits) const {
  const std::uint64_t cpus = std::min(limits.cpus(), totals_.cpus);
  const std::uint64_t memory = std::min<std::uint64_t>(limits.memory_bytes(), totals_.memory_bytes);
  return cpus_ + cpus <= totals_.cpus && memory_ + memory <= totals_.memory_bytes &&
         std::all_of(limits.gpus().begin(), limits.gpus().end(),
                     [&](const std::string& gpu) { return free_gpus_.contains(gpu); });
}

void ResourcePool::take(const v1::ResourceLimits& limits) {
  cpus_ += std::min(limits.cpus(), totals_.cpus);
  memory_ += std::min<std::uint64_t>(limits.memory_bytes(), totals_.memory_bytes);
  for (const std::string& gpu : limits.gpus()) free_gpus_.erase(gpu);
}

void ResourcePool::give(const v1::ResourceLimits& limits) {
  cpus_ -= std::min(limits.cpus(), totals_.cpus);
  memory_ -= std::min<std::uint64_t>(limits.memory_bytes(), totals_.memory_bytes);
  for (const std::string& gpu : limits.gpus()) {
    if (std::count(totals_.gpus.begin(), totals_.gpus.end(), gpu) > 0) free_gpus_.insert(gpu);
  }
}

bool ResourcePool::has_units(const Units& wanted) const {
  return std::all_of(wanted.begin(), wanted.end(), [&](const auto& pool) {
    const auto total = totals_.pools.find(pool.first);
    if (total == totals_.pools.end()) return true;
    const auto held = units_.find(pool.first);
    return (held == units_.end() ? 0 : held->second) + pool.second <= total->second;
  });
}

void ResourcePool::take_units(const Units& units) {
  for (const auto& [name, count] : units) units_[name] += count;
}

void ResourcePool::give_units(const Units& units) {
  for (const auto& [name, count] : units) units_[name] -= count;
}

std::size_t ResourcePool::slots(std::uint32_t threads) const {
  return std::max<std::size_t>(1, totals_.cpus / std::max(1U, threads));
}

}  // namespace cairn
