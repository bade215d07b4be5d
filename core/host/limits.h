// What numerical libraries may use, as environment variables that they read when they are loaded.
#pragma once

#include <optional>

#include "schemas/host.pb.h"

namespace cairn::host {

// Of one thread.
class ThreadLimits {
 public:
  void apply(const v1::ResourceLimits& limits);

 private:
  std::optional<v1::ResourceLimits> applied_;
};

}  // namespace cairn::host
