// The admin token of a state folder: whoever shows it over TCP may do what its owner may.
#pragma once

#include <string>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// STATE_DIR/token: 256 bits from the system in hexadecimal, made where there is none, for its owner
// alone (0600). kConflict when others may read the one that is there.
[[nodiscard]] Result<std::string> make_or_read_token(const fs::path& state_dir);
// kNotFound: there is none.
[[nodiscard]] Result<std::string> read_token(const fs::path& state_dir);

}  // namespace cairn
