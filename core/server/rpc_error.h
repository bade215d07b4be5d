// Errors as they travel in a gRPC status: code, message and hint arrive as they left.
#pragma once

#include <grpcpp/support/status.h>

#include "core/base/json.h"
#include "core/base/result.h"

namespace cairn {

// diagnostics: further places, as {"file","line","column","message",...}.
[[nodiscard]] grpc::Status to_status(const Error& error, const json::array& diagnostics = {});
// Only when !status.ok().
[[nodiscard]] Error from_status(const grpc::Status& status);

}  // namespace cairn
