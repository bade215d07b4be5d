#include "core/engine/host_bound.h"

namespace cairn {

v1::HostBound to_message(const HostHandle& handle, const v1::ResourceLimits& limits) {
  v1::HostBound bound;
  bound.set_host(handle.host);
  bound.set_executor(handle.executor);
  bound.set_pid(handle.pid);
  bound.set_pid_start_ticks(handle.pid_start_ticks);
  bound.set_job(handle.job);
  *bound.mutable_limits() = limits;
  return bound;
}

HostState from_message(const v1::HostBound& bound) {
  HostState host;
  host.handle = {.host = bound.host(),
                 .executor = bound.executor(),
                 .pid = bound.pid(),
                 .pid_start_ticks = bound.pid_start_ticks(),
                 .job = bound.job()};
  host.limits = bound.limits();
  return host;
}

}  // namespace cairn
