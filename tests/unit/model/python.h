// Python where tests have it for comparison.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace cairn::model {

// CAIRN_PYTHON, else python3.
inline std::string python() {
  const char* named = std::getenv("CAIRN_PYTHON");
  return named != nullptr ? named : "python3";
}

// What a command prints; nothing where it fails.
inline std::string output_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "r");
  if (pipe == nullptr) return {};
  std::string text;
  char block[1 << 16];
  for (std::size_t got = 0; (got = std::fread(block, 1, sizeof block, pipe)) > 0;) {
    text.append(block, got);
  }
  return ::pclose(pipe) == 0 ? text : std::string();
}

}  // namespace cairn::model
