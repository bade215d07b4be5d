#include "plugins/lib/rl/aepo.h"

#include <algorithm>

namespace cairn::rl {

std::vector<std::uint8_t> Aepo::step(double entropy, const std::vector<double>& advantages) {
  if (entropy > high_) masking_ = true;
  if (entropy < low_) masking_ = false;
  std::vector<std::uint8_t> keep;
  keep.reserve(advantages.size());
  for (double advantage : advantages) keep.push_back(!masking_ || !(advantage < 0));
  if (std::ranges::count(keep, std::uint8_t{1}) == 0) ++skipped_;
  return keep;
}

json::object Aepo::state() const {
  return {{"masking", masking_}, {"skipped", skipped_}};
}

Result<void> Aepo::restore(const json::object& state) {
  CAIRN_ASSIGN(masking_, get_bool(state, "masking"));
  CAIRN_ASSIGN(skipped_, get_int(state, "skipped"));
  return {};
}

}  // namespace cairn::rl
