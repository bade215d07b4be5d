// BoundedLog: a log of lines that keeps its first and its newest part when it grows too large.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// Beyond this many bytes a log is shortened.
inline constexpr std::uint64_t kLogLimit = 50'000'000;

// When the file has more than `limit` bytes, cuts out its middle in place: the first and the last
// quarter of `limit` stay, at line ends, with marker(bytes left out) between them. Others may go on
// appending to the file (O_APPEND); what they write in this moment can be lost. Returns the size.
[[nodiscard]] Result<std::uint64_t> shorten_log(
    FileSystem& files, const fs::path& path, std::uint64_t limit,
    const std::function<std::string(std::uint64_t left_out)>& marker);

// Thread-safe. Lines are not synced.
class BoundedLog {
 public:
  using Marker = std::function<std::string(std::uint64_t left_out)>;
  [[nodiscard]] static Result<std::unique_ptr<BoundedLog>> open(FileSystem& files, fs::path path,
                                                                std::uint64_t limit, Marker marker);
  // line: without its line end.
  [[nodiscard]] Result<void> append(std::string_view line);
  [[nodiscard]] std::uint64_t size() const;

 private:
  BoundedLog(FileSystem& files, fs::path path, std::uint64_t limit, Marker marker)
      : files_(files), path_(std::move(path)), limit_(limit), marker_(std::move(marker)) {}

  FileSystem& files_;
  fs::path path_;
  std::uint64_t limit_;
  Marker marker_;
  mutable std::mutex mutex_;
  std::unique_ptr<AppendFile> file_;
};

}  // namespace cairn
