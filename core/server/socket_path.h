// Where the engine's socket lies: STATE_DIR/engine.sock, or, since the kernel limits socket paths
// to 107 bytes, for longer state folders in $XDG_RUNTIME_DIR or a private temporary folder, its
// path stored in STATE_DIR/engine.sock.path.
#pragma once

#include <optional>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

inline constexpr std::size_t kSocketPathLimit = 107;

// For the holder of the store: the path to listen on. Stays the same from one holder to the next,
// so that hosts which outlived an engine find the next one.
// runtime_dir: $XDG_RUNTIME_DIR, if there is one. Errors: no folder with a path short enough.
[[nodiscard]] Result<fs::path> choose_socket_path(FileSystem& files, const fs::path& state_dir,
                                                  const std::optional<fs::path>& runtime_dir);

// For everybody else: where the holder would listen; nothing says that one does.
[[nodiscard]] fs::path find_socket_path(FileSystem& files, const fs::path& state_dir);

}  // namespace cairn
