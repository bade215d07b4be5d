// The checks of `cairn doctor`.
#pragma once

#include <string>
#include <vector>

#include "core/cli/cli.h"

namespace cairn {

struct DoctorCheck {
  enum class Status { kOk, kWarning, kFailed };
  std::string name;
  Status status = Status::kOk;
  std::string message;
  std::string hint;  // how to mend it
};

[[nodiscard]] inline DoctorCheck ok_check(std::string name, std::string message) {
  return {std::move(name), DoctorCheck::Status::kOk, std::move(message), {}};
}
[[nodiscard]] inline DoctorCheck warning_check(std::string name, std::string message,
                                               std::string hint) {
  return {std::move(name), DoctorCheck::Status::kWarning, std::move(message), std::move(hint)};
}
[[nodiscard]] inline DoctorCheck failed_check(std::string name, std::string message,
                                              std::string hint) {
  return {std::move(name), DoctorCheck::Status::kFailed, std::move(message), std::move(hint)};
}

// What lies in the state and store folders: the database's checksums, every run's row against its
// journal, every artifact and checkpoint, and what belongs to nothing. quick: reads no bytes of
// artifacts, checkpoints and the database's tables. Nothing where there is no store yet.
void check_store(const Cli& cli, bool quick, std::vector<DoctorCheck>& checks);

}  // namespace cairn
