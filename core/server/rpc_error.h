// Errors as they travel in a gRPC status: code, message and hint arrive as they left.
#pragma once

#include <grpcpp/support/status.h>

#include "core/base/result.h"

namespace cairn {

[[nodiscard]] grpc::Status to_status(const Error& error);
// Only when !status.ok().
[[nodiscard]] Error from_status(const grpc::Status& status);

}  // namespace cairn
