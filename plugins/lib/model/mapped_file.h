// A regular file's bytes, mapped for reading.
#pragma once

#include <cstddef>
#include <span>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::model {

// Immutable; may be read from many threads. Views into bytes() live as long as the object, wherever
// it is moved to. The file must not be cut short while it is mapped: the system ends a process that
// reads a page which is gone.
class MappedFile {
 public:
  // kNotFound; kInvalidArgument for what is no regular file; kIo. An empty file is an empty span.
  [[nodiscard]] static Result<MappedFile> open(const fs::path& path);
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept;
  MappedFile& operator=(MappedFile&& other) noexcept;
  ~MappedFile();

  [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

 private:
  explicit MappedFile(std::span<const std::byte> bytes) : bytes_(bytes) {}
  std::span<const std::byte> bytes_;
};

}  // namespace cairn::model
