// Asks a library what it holds without trusting it: `cairn-host --describe FILE` loads it in a
// process of its own and prints one JSON object, a manifest or {"error": {code, message, hint}}.
#pragma once

#include <string>

#include "core/base/clock.h"
#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"

namespace cairn {

// What `cairn-host --describe` prints for a library; runs the library's code.
[[nodiscard]] std::string describe_to_text(const fs::path& library);

// Runs describe_program on the library and reads what it printed. A library that hangs past the
// timeout, ends the process or crashes gives an error that says so.
[[nodiscard]] Result<LibraryManifest> describe_in_child(const fs::path& library,
                                                        const fs::path& describe_program,
                                                        Duration timeout);

}  // namespace cairn
