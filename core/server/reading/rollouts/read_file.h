// A file read at offsets by many threads.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::reading {

// Thread-safe. What a write adds meanwhile is seen; a file that got shorter is an error, no signal.
class ReadFile {
 public:
  // Links are not followed.
  [[nodiscard]] static Result<std::shared_ptr<const ReadFile>> open(const fs::path& path);
  // Fills `into`; kCorrupt where the file ends before.
  [[nodiscard]] Result<void> read_at(std::uint64_t offset, std::span<char> into) const;
  // Memory is taken after the length was compared with the file's.
  [[nodiscard]] Result<std::string> read_at(std::uint64_t offset, std::uint64_t bytes) const;
  [[nodiscard]] Result<std::uint64_t> size() const;
  // Whether the path still names this file.
  [[nodiscard]] bool is_at_path() const;
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  ReadFile(fs::path path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  fs::path path_;
  Fd file_;
};

}  // namespace cairn::reading
