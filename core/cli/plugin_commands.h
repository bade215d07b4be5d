// The commands below `cairn plugins`, each in a file of its own.
#pragma once

#include <CLI/CLI.hpp>

namespace cairn {

struct Cli;

void add_plugins_build(CLI::App& plugins, Cli& cli);
void add_plugins_check(CLI::App& plugins, Cli& cli);
void add_plugins_new(CLI::App& plugins, Cli& cli);

}  // namespace cairn
