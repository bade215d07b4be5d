// Files for their owner alone: secrets and what was done with them.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// kNotFound: there is none. kConflict: others may read or write it, another user owns it, or it is
// a link or no plain file. kCorrupt: it has more than `most` bytes.
[[nodiscard]] Result<std::string> read_private(const fs::path& path, std::size_t most);

// Replaces it, with mode 0600 whatever the umask is: a new file beside it, fsync, rename, fsync of
// the folder. One writer at a time: hold a lock.
[[nodiscard]] Result<void> write_private(const fs::path& path, std::string_view bytes);

// Opens it for appending, and makes it (0600) where there is none. Errors as read_private.
[[nodiscard]] Result<Fd> open_private_log(const fs::path& path);

// Makes an empty one (0600) where there is none.
[[nodiscard]] Result<void> touch_private(const fs::path& path);

// Another stamp: another file, or other contents. Nothing: there is no file.
struct PrivateStamp {
  ino_t inode = 0;
  std::int64_t changed_ns = 0;
  std::int64_t size = 0;
  friend bool operator==(const PrivateStamp&, const PrivateStamp&) = default;
};
[[nodiscard]] std::optional<PrivateStamp> private_stamp(const fs::path& path);

}  // namespace cairn
