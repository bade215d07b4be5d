// AEPO: adaptive entropy-controlled policy optimisation (RECIPE §3).
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn::rl {

// One bit of state. Not thread-safe.
class Aepo {
 public:
  // The entropy band in nats, low <= high. [open] in the paper; Figure 11 lives in about 0.10-0.30.
  Aepo(double low, double high, bool masking = false) : low_(low), high_(high), masking_(masking) {}

  // Looks at a batch's entropy (mean of sequence means): above high the bit is set, below low it is
  // cleared, in between it stays. The bit already acts on the same batch.
  // Returns, per response, whether its gradient is kept: while masking, negative advantages are
  // not.
  [[nodiscard]] std::vector<std::uint8_t> step(double entropy,
                                               const std::vector<double>& advantages);

  [[nodiscard]] bool masking() const { return masking_; }
  // Batches of which nothing was kept.
  [[nodiscard]] std::int64_t skipped() const { return skipped_; }

  [[nodiscard]] json::object state() const;
  [[nodiscard]] Result<void> restore(const json::object& state);

 private:
  double low_;
  double high_;
  bool masking_;
  std::int64_t skipped_ = 0;
};

}  // namespace cairn::rl
