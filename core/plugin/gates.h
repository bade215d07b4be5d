// The gates that a plugin library passes before any of its code runs, static initialisers included
// (DESIGN §6). All of them look at the file and its folder only.
#pragma once

#include "core/base/files.h"
#include "core/base/result.h"
#include "core/plugin/manifest.h"

namespace cairn {

// Refuses a library that everyone may write, or that lies in a folder where everyone may replace
// it. Looks at the path only.
[[nodiscard]] Result<void> check_plugin_permissions(const fs::path& library);

// Refuses a library that its group may write, or that belongs neither to this user nor to root nor
// to the owner of the program. `serve` does not run one; elsewhere people are warned.
[[nodiscard]] Result<void> check_plugin_trust(const fs::path& library, const fs::path& program);

// What libraries are to be built with to be loaded by this program.
[[nodiscard]] PluginBuild build_of_this_host();

// Every way in which a plugin was built for something else, in one message with both values. A
// plugin of an older SDK minor passes. LibTorch is compared where both use it.
[[nodiscard]] Result<void> check_plugin_build(const PluginBuild& plugin,
                                              const PluginBuild& host = build_of_this_host());

// Permissions, then the symbols, then the record: what the library was built with, once it passed.
// The error tells a file that is no library from one that is no plugin, from a plugin of another
// ABI major, and from one whose record cannot be read.
[[nodiscard]] Result<PluginBuild> pass_plugin_gates(const fs::path& library);

}  // namespace cairn
