// What `cairn plugins check` saw, kept beside the journal for the list of plugins:
// STATE/checks/HEX, named by the library's digest, so that another build of it has not been
// checked.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/files.h"
#include "core/base/json.h"

namespace cairn {

struct TypeCheckRecord {
  WallTime checked_at{};
  std::uint32_t checks = 0;         // that were made
  std::vector<std::string> failed;  // of them
};
using CheckRecord = std::map<std::string, TypeCheckRecord, std::less<>>;  // by stage type

// Over what is known of the other stage types of the library. Does nothing where there is no state
// folder. Thread-safe, also against other processes.
[[nodiscard]] Result<void> save_check(const fs::path& state_dir, const Digest& library,
                                      const CheckRecord& record);
// Empty: it was never checked, or what was kept cannot be read.
[[nodiscard]] CheckRecord find_check(const fs::path& state_dir, const Digest& library);

// {"passed","checked_at","checks","failed"}
[[nodiscard]] json::object to_json(const TypeCheckRecord& record);

}  // namespace cairn
