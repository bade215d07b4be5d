#include "core/server/rpc_error.h"

#include <array>
#include <utility>

namespace cairn {
namespace {

constexpr std::array<std::pair<ErrorCode, grpc::StatusCode>, 9> kCodes = {{
    {ErrorCode::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {ErrorCode::kNotFound, grpc::StatusCode::NOT_FOUND},
    {ErrorCode::kConflict, grpc::StatusCode::FAILED_PRECONDITION},
    {ErrorCode::kIo, grpc::StatusCode::DATA_LOSS},
    {ErrorCode::kCorrupt, grpc::StatusCode::OUT_OF_RANGE},
    {ErrorCode::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {ErrorCode::kCancelled, grpc::StatusCode::CANCELLED},
    {ErrorCode::kResourceExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {ErrorCode::kInternal, grpc::StatusCode::INTERNAL},
}};

}  // namespace

grpc::Status to_status(const Error& error, const json::array& diagnostics) {
  grpc::StatusCode code = grpc::StatusCode::INTERNAL;
  for (const auto& [ours, theirs] : kCodes) {
    if (ours == error.code) code = theirs;
  }
  json::object details{{"hint", error.hint}};
  if (!diagnostics.empty()) details["diagnostics"] = diagnostics;
  return {code, error.message, json::serialize(details)};
}

Error from_status(const grpc::Status& status) {
  Error error;
  error.code = ErrorCode::kUnavailable;
  for (const auto& [ours, theirs] : kCodes) {
    if (theirs == status.error_code()) error.code = ours;
  }
  error.message = status.error_message();
  const auto details = parse_json_object(status.error_details());
  if (details.ok()) {
    error.hint = get_string(*details, "hint").value_or("");
  } else {
    error = with_context(std::move(error), "asking the engine");
  }
  return error;
}

}  // namespace cairn
