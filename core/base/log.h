// Logging of Cairn's own processes (not of stages, which log through their StageContext).
// spdlog to stderr, one line each, level set by -v and -q. Thread-safe.
#pragma once

#include <spdlog/spdlog.h>

namespace cairn {

enum class Verbosity { kQuiet, kNormal, kVerbose };

// Call once at the start of a process; name stands before each line.
void init_logging(const char* name, Verbosity verbosity);

}  // namespace cairn
