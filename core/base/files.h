// FileSystem: every durable change Cairn makes to a disk goes through here, so that tests can cut
// it short, fill the disk or flip a bit. Reading in bulk and memory mapping need no such door.
// The machine's file system counts each change for the boundary it is made in: boundary.h.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/base/result.h"

namespace cairn {

namespace fs = std::filesystem;

// A file open for appending. Not thread-safe. Closing without sync() promises nothing.
class AppendFile {
 public:
  virtual ~AppendFile() = default;
  [[nodiscard]] virtual Result<void> append(std::string_view bytes) = 0;
  // Durable when it returns.
  [[nodiscard]] virtual Result<void> sync() = 0;
  [[nodiscard]] virtual std::uint64_t size() const = 0;
};

// Thread-safe.
class FileSystem {
 public:
  virtual ~FileSystem() = default;

  // Opens for appending at the end, creating the file; truncate_to cuts it first.
  [[nodiscard]] virtual Result<std::unique_ptr<AppendFile>> open_append(const fs::path& path) = 0;
  [[nodiscard]] virtual Result<void> truncate(const fs::path& path, std::uint64_t size) = 0;
  // Replaces the file atomically: temporary file, fsync, rename, fsync of the folder.
  [[nodiscard]] virtual Result<void> write_atomic(const fs::path& path, std::string_view bytes) = 0;
  // Renames and makes the rename durable. Source and target are on one file system.
  [[nodiscard]] virtual Result<void> rename(const fs::path& from, const fs::path& to) = 0;
  [[nodiscard]] virtual Result<void> make_directories(const fs::path& path) = 0;
  [[nodiscard]] virtual Result<void> remove_all(const fs::path& path) = 0;
  // fsync of one file or folder.
  [[nodiscard]] virtual Result<void> sync(const fs::path& path) = 0;
  // fsync of every file and folder below, then of the path itself.
  [[nodiscard]] virtual Result<void> sync_tree(const fs::path& path) = 0;
  [[nodiscard]] virtual Result<std::string> read(const fs::path& path) = 0;
};

// The machine's file system; lives as long as the process.
[[nodiscard]] FileSystem& real_file_system();

// One regular file below a folder, its path relative with '/' between parts.
struct TreeEntry {
  std::string path;
  std::uint64_t bytes = 0;
  Digest digest;
};

// All regular files below a folder, sorted by path; a link or special file is an error.
[[nodiscard]] Result<std::vector<TreeEntry>> hash_tree(const fs::path& folder);
[[nodiscard]] Result<Digest> hash_file(const fs::path& file);

// What an artifact is called by. A file: the SHA-256 of its bytes. A folder: the SHA-256 of the
// canonical JSON [[path, bytes, digest], ...] of its hash_tree.
struct ContentId {
  Digest digest;
  std::uint64_t bytes = 0;
  bool directory = false;
};
[[nodiscard]] Result<ContentId> identify_content(const fs::path& path);

// A fresh private folder (0700) below parent, its name starting with prefix.
[[nodiscard]] Result<fs::path> make_private_folder(const fs::path& parent,
                                                   const std::string& prefix);

}  // namespace cairn
