// A sample's text as its tokens arrive: whole characters only, ended by stop strings.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace cairn::model {

class StopText {
 public:
  // Stop strings are compared as bytes; an empty one is not allowed.
  explicit StopText(std::vector<std::string> stops);

  // Adds a token's bytes. True when a stop string is now complete: of several, the one that begins
  // first ends the text, which is cut before it. Nothing may be added after that.
  bool push(std::string_view bytes);

  // What has become certain since the last call: whole characters (invalid bytes as U+FFFD) that
  // can no longer be part of a stop string. Once `finished`, or stopped, all that is left. The
  // pieces joined are text().
  [[nodiscard]] std::string take(bool finished);

  // All so far, invalid bytes as U+FFFD.
  [[nodiscard]] std::string text() const;

 private:
  std::vector<std::string> stops_;
  std::size_t longest_ = 0;
  std::string bytes_;
  std::size_t taken_ = 0;  // bytes given out by take()
  bool stopped_ = false;
};

}  // namespace cairn::model
