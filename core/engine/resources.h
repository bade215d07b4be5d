// ResourcePool: what busy hosts hold of the machine.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "core/engine/scheduler.h"

namespace cairn {

// Numbers above the totals count as the totals, so that a task whose threads were fixed on a larger
// machine can still run, alone.
class ResourcePool {
 public:
  explicit ResourcePool(ResourceTotals totals);

  // The limits for a host whose tasks have this many threads, or nothing while others hold too
  // much.
  [[nodiscard]] std::optional<v1::ResourceLimits> fit(const ResourceSpec& wanted,
                                                      std::uint32_t threads) const;
  // Whether exactly these are free: devices by name, for a host that has them already.
  [[nodiscard]] bool is_free(const v1::ResourceLimits& limits) const;
  void take(const v1::ResourceLimits& limits);
  void give(const v1::ResourceLimits& limits);
  // Units of the operation's pools, which all runs share; pools it does not have are no matter.
  using Units = std::map<std::string, int>;
  [[nodiscard]] bool has_units(const Units& wanted) const;
  void take_units(const Units& units);
  void give_units(const Units& units);
  // kInvalidArgument when the machine can never fit it.
  [[nodiscard]] Result<void> check(const StageSpec& stage) const;
  // How many hosts of so many threads fit at once.
  [[nodiscard]] std::size_t slots(std::uint32_t threads) const;
  [[nodiscard]] const ResourceTotals& totals() const { return totals_; }

 private:
  ResourceTotals totals_;
  std::uint64_t cpus_ = 0;
  std::uint64_t memory_ = 0;
  std::set<std::string> free_gpus_;
  Units units_;  // held
};

}  // namespace cairn
