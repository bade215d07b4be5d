// OutputCapture: what the process and its children print, sorted by attempts.
//
// Descriptors 1 and 2 point to the host's own output.log. What an attempt prints there is moved to
// its own file when it ends, or when it has run for a while and the descriptors are pointed to that
// file. An attempt that prints nothing costs one fstat.
#pragma once

#include <functional>
#include <mutex>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::host {

// Thread-safe. One in a process.
class OutputCapture {
 public:
  // Gives the attempt's file; makes its folder.
  using Target = std::function<Result<fs::path>()>;

  OutputCapture() = default;
  ~OutputCapture();
  OutputCapture(const OutputCapture&) = delete;
  OutputCapture& operator=(const OutputCapture&) = delete;

  // Points the descriptors to the host's file. Without it they stay as they are, and the calls
  // below do nothing.
  [[nodiscard]] Result<void> open(const fs::path& file);

  // An attempt begins.
  void begin();
  // Its output goes to its own file from now on; does nothing between attempts.
  [[nodiscard]] Result<void> divert(const Target& target);
  // It has ended.
  [[nodiscard]] Result<void> end(const Target& target);

 private:
  [[nodiscard]] std::uint64_t size() const;
  void point_to(int fd);
  [[nodiscard]] Result<void> copy(int to, std::uint64_t from);
  [[nodiscard]] Result<void> move_to_attempt(const Target& target);

  std::mutex mutex_;
  int host_ = -1;     // the host's file
  int attempt_ = -1;  // the attempt's, once diverted
  bool within_ = false;
  std::uint64_t begin_ = 0;  // where the attempt's output begins in the host's file
};

}  // namespace cairn::host
