// What can stand where the cursor is, read off the commands themselves. Pure.
#pragma once

#include <string>
#include <vector>

#include "core/cli/cli.h"

namespace cairn {

struct Completion {
  std::vector<std::string> words;  // that begin with the word at the cursor
  // What the argument stands for where the words cannot be known from the commands: "RUN",
  // "RUN/STAGE", "FILE", "DIR", ...; empty: nothing more.
  std::string subject;
};

// line: the words after `cairn`, the last one being at the cursor, maybe empty.
[[nodiscard]] Completion complete(const CLI::App& app, const std::vector<std::string>& line);

}  // namespace cairn
