#include "core/base/result.h"

#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <system_error>

namespace cairn {

const char* to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kConflict:
      return "conflict";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kCorrupt:
      return "corrupt";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kResourceExhausted:
      return "resource_exhausted";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

std::string Error::to_string() const {
  std::string text;
  if (where) {
    text = where->file + ":" + std::to_string(where->line) + ":" + std::to_string(where->column) +
           ": ";
  }
  text += message;
  if (!hint.empty()) text += " (" + hint + ")";
  return text;
}

Error make_error(ErrorCode code, std::string message, std::string hint) {
  return Error{code, std::move(message), std::move(hint), std::nullopt};
}
Error invalid_argument(std::string message, std::string hint) {
  return make_error(ErrorCode::kInvalidArgument, std::move(message), std::move(hint));
}
Error not_found(std::string message, std::string hint) {
  return make_error(ErrorCode::kNotFound, std::move(message), std::move(hint));
}
Error conflict(std::string message, std::string hint) {
  return make_error(ErrorCode::kConflict, std::move(message), std::move(hint));
}
Error corrupt(std::string message, std::string hint) {
  return make_error(ErrorCode::kCorrupt, std::move(message), std::move(hint));
}
Error internal_error(std::string message) {
  return make_error(ErrorCode::kInternal, std::move(message), "this is a defect, please report it");
}

Error io_error(const std::string& what, const std::string& path, int error_number) {
  std::string hint;
  if (error_number == ENOSPC || error_number == EDQUOT) {
    hint = "the disk is full: free some space there, then run the command again";
  } else if (error_number == EROFS) {
    hint = "the file system is read-only: choose another folder with --state-dir or --store-dir";
  } else if (error_number == EACCES || error_number == EPERM) {
    hint = "check the permissions of the path";
  }
  const ErrorCode code = error_number == ENOENT ? ErrorCode::kNotFound : ErrorCode::kIo;
  return make_error(
      code, "cannot " + what + " " + path + ": " + std::generic_category().message(error_number),
      hint);
}

Error with_context(Error error, const std::string& doing) {
  error.message = doing + ": " + error.message;
  return error;
}

void fail_unwrap(const Error& error) {
  std::cerr << "cairn: value() of a failed Result: " << error.to_string() << std::endl;
  std::abort();
}

}  // namespace cairn
