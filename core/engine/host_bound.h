// A host as events and snapshots say it.
#pragma once

#include "core/engine/state.h"

namespace cairn {

[[nodiscard]] v1::HostBound to_message(const HostHandle& handle, const v1::ResourceLimits& limits);
[[nodiscard]] HostState from_message(const v1::HostBound& bound);

}  // namespace cairn
