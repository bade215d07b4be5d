#include "plugins/lib/model/stop_text.h"

#include <algorithm>
#include <utility>

#include "plugins/lib/model/normal_form.h"

namespace cairn::model {

StopText::StopText(std::vector<std::string> stops) : stops_(std::move(stops)) {
  for (const std::string& stop : stops_) longest_ = std::max(longest_, stop.size());
}

bool StopText::push(std::string_view bytes) {
  // A stop string that was not there before ends within the new bytes.
  const std::size_t from = bytes_.size() - std::min(bytes_.size(), longest_);
  bytes_ += bytes;
  std::size_t first = std::string::npos;
  for (const std::string& stop : stops_) first = std::min(first, bytes_.find(stop, from));
  if (first == std::string::npos) return false;
  bytes_.resize(first);
  stopped_ = true;
  return true;
}

std::string StopText::take(bool finished) {
  const std::string_view fresh = std::string_view(bytes_).substr(taken_);
  std::size_t held = 0;
  if (!finished && !stopped_) {
    held = unfinished_bytes(fresh);
    for (const std::string& stop : stops_) {
      for (std::size_t part = std::min(stop.size() - 1, fresh.size()); part > held; --part) {
        if (fresh.ends_with(std::string_view(stop).substr(0, part))) held = part;
      }
    }
    // What is held begins at a character's first byte.
    while (held < fresh.size() &&
           (static_cast<unsigned char>(fresh[fresh.size() - held]) & 0xC0U) == 0x80U && held > 0) {
      ++held;
    }
  }
  const std::string_view certain = fresh.substr(0, fresh.size() - held);
  taken_ += certain.size();
  return lossy_utf8(certain);
}

std::string StopText::text() const {
  return lossy_utf8(bytes_);
}

}  // namespace cairn::model
