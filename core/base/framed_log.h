// FramedLog: records appended to a file, each found whole or not at all after a crash.
//
// A frame is: length (u32, little endian), CRC-32C of length and payload (u32), payload. Reading
// stops at the first frame that is cut short or does not match its checksum; what stands before
// it counts. A writer that opens such a file cuts the torn tail off first.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

struct FramedLogContent {
  std::vector<std::string> frames;
  std::uint64_t valid_bytes = 0;  // up to the end of the last whole frame
  std::uint64_t torn_bytes = 0;   // after it
};

[[nodiscard]] FramedLogContent parse_framed_log(std::string_view bytes);
// A file that does not exist is empty.
[[nodiscard]] Result<FramedLogContent> read_framed_log(FileSystem& files, const fs::path& path);

// Not thread-safe. What a failed append left behind is cut off by the next one.
class FramedLogWriter {
 public:
  // content: what the file held, when the caller wants it.
  [[nodiscard]] static Result<FramedLogWriter> open(FileSystem& files, const fs::path& path,
                                                    FramedLogContent* content = nullptr);
  // Survives the death of the process when it returns, and the machine's after sync(). Payloads
  // are at most 64 MiB.
  [[nodiscard]] Result<void> append(std::string_view payload);
  [[nodiscard]] Result<void> sync();
  // Starts the file anew with these payloads, as one change; they are durable when it returns.
  [[nodiscard]] Result<void> replace(const std::vector<std::string>& payloads);
  [[nodiscard]] std::uint64_t size() const { return size_; }

 private:
  FramedLogWriter(FileSystem& files, fs::path path) : files_(&files), path_(std::move(path)) {}
  [[nodiscard]] Result<FramedLogContent> reopen();
  FileSystem* files_;
  fs::path path_;
  std::unique_ptr<AppendFile> file_;  // null after a failure
  std::uint64_t size_ = 0;            // of whole frames
  std::string frame_;
};

// CRC-32C (Castagnoli, polynomial 0x1EDC6F41 reflected), as in RFC 3720.
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes, std::uint32_t start = 0);

}  // namespace cairn
