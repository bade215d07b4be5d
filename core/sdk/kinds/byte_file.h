// Files as streams of bytes and lines, with errors as values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/fd.h"
#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn {

// Not thread-safe.
class ByteReader {
 public:
  [[nodiscard]] static Result<ByteReader> open(const fs::path& path);
  // The next bytes, at most `most`; empty at the end.
  [[nodiscard]] Result<std::string> read(std::size_t most);
  [[nodiscard]] const fs::path& path() const { return path_; }

 private:
  ByteReader(fs::path path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  fs::path path_;
  Fd file_;
};

// Lines without their ends ("\n" or "\r\n"), each at most kLongest bytes. Not thread-safe.
class LineReader {
 public:
  static constexpr std::size_t kLongest = std::size_t{256} << 20;
  [[nodiscard]] static Result<LineReader> open(const fs::path& path);
  // Nothing at the end. The text is valid until the next call.
  [[nodiscard]] Result<std::optional<std::string_view>> next();
  // Of the line returned last; from 1.
  [[nodiscard]] int number() const { return number_; }
  // Whether the line returned last had an end: a file that was cut short has a last line without.
  [[nodiscard]] bool complete() const { return complete_; }
  // The same error, at the line returned last.
  [[nodiscard]] Error here(Error error) const;

 private:
  explicit LineReader(ByteReader bytes) : bytes_(std::move(bytes)) {}
  ByteReader bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of what has not been returned
  bool ended_ = false;
  bool complete_ = true;
  int number_ = 0;
};

// Writes PATH.partial and renames it by close(): a stage that ends early leaves no file that looks
// whole. Not thread-safe.
class ByteWriter {
 public:
  [[nodiscard]] static Result<ByteWriter> create(const fs::path& path);
  // Buffered: a full disk may be noticed by a later call.
  [[nodiscard]] Result<void> write(std::string_view bytes);
  // Nothing may be written after it.
  [[nodiscard]] Result<void> close();

 private:
  ByteWriter(fs::path path, Fd file) : path_(std::move(path)), file_(std::move(file)) {}
  [[nodiscard]] Result<void> flush();
  fs::path path_;
  Fd file_;
  std::string buffer_;
};

}  // namespace cairn
