#include "core/sdk/runtime/redactor.h"

#include <algorithm>

namespace cairn {
namespace {

constexpr std::size_t kShortestSecret = 4;
constexpr std::string_view kMark = "***";

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_, [](const auto& secret) { return secret.size() < kShortestSecret; });
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
}

std::string Redactor::redacted(std::string_view text) const {
  return redacted(text, nullptr);
}

std::string Redactor::redacted(std::string_view text, std::string_view* open) const {
  std::string result;
  while (!text.empty()) {
    const auto may_become = [&](const auto& secret) {
      return secret.size() > text.size() && secret.starts_with(text);
    };
    if (open != nullptr && std::any_of(secrets_.begin(), secrets_.end(), may_become)) break;
    const auto found = std::find_if(secrets_.begin(), secrets_.end(),
                                    [&](const auto& secret) { return text.starts_with(secret); });
    const bool is_secret = found != secrets_.end();
    result += is_secret ? kMark : text.substr(0, 1);
    text.remove_prefix(is_secret ? found->size() : 1);
  }
  if (open != nullptr) *open = text;
  return result;
}

std::string RedactedStream::add(std::string_view bytes) {
  held_ += bytes;
  std::string_view open;
  std::string text = redactor_.redacted(held_, &open);
  held_.erase(0, held_.size() - open.size());
  return text;
}

std::string RedactedStream::finish() {
  std::string text = redactor_.redacted(held_);
  held_.clear();
  return text;
}

}  // namespace cairn
