#include "core/sdk/runtime/redactor.h"

#include <algorithm>
#include <cctype>

namespace cairn {
namespace {

constexpr std::size_t kShortestSecret = 4;
// Shorter ones have encodings that other text has, too.
constexpr std::size_t kShortestEncoded = 6;
constexpr std::string_view kMark = "***";

// What Base64 makes of the bytes wherever they stand: `before` bytes of others before them, any
// after. The characters at either end that others decide, too, are left out.
std::string base64_within(std::string_view bytes, std::size_t before, std::string_view alphabet) {
  constexpr std::size_t kBits = 6;
  std::string text;
  const std::size_t first = (8 * before + kBits - 1) / kBits;
  const std::size_t end = 8 * (before + bytes.size()) / kBits;
  for (std::size_t sextet = first; sextet < end; ++sextet) {
    unsigned value = 0;
    for (std::size_t bit = sextet * kBits; bit < (sextet + 1) * kBits; ++bit) {
      const auto byte = static_cast<unsigned char>(bytes[bit / 8 - before]);
      value = value << 1 | (byte >> (7 - bit % 8) & 1U);
    }
    text += alphabet[value];
  }
  return text;
}

// As in a URL: all but letters, digits and the marks that `plain` has.
std::string percent_encoded(std::string_view bytes, std::string_view digits,
                            std::string_view plain) {
  std::string text;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte < 0x80 && std::isalnum(byte) != 0) || plain.find(letter) != std::string_view::npos) {
      text += letter;
    } else {
      text += {'%', digits[byte >> 4], digits[byte & 15]};
    }
  }
  return text;
}

std::string hex(std::string_view bytes, std::string_view digits) {
  std::string text;
  for (const char letter : bytes) {
    const auto byte = static_cast<unsigned char>(letter);
    text += {digits[byte >> 4], digits[byte & 15]};
  }
  return text;
}

// How a secret stands in headers, URLs and dumps.
std::vector<std::string> encodings(const std::string& secret) {
  constexpr std::string_view kStandard =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  constexpr std::string_view kUrl =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::vector<std::string> forms;
  for (const std::string_view alphabet : {kStandard, kUrl}) {
    for (std::size_t before = 0; before < 3; ++before)
      forms.push_back(base64_within(secret, before, alphabet));
  }
  for (const std::string_view digits : {"0123456789ABCDEF", "0123456789abcdef"}) {
    // RFC 3986, its user information with the marks it may hold, and none.
    for (const std::string_view plain : {"-._~", "-._~!$&'()*+,;=", "-._", ""})
      forms.push_back(percent_encoded(secret, digits, plain));
    forms.push_back(hex(secret, digits));
  }
  std::string form = percent_encoded(secret, "0123456789ABCDEF", "-._*");
  for (std::size_t at = 0; (at = form.find("%20", at)) != std::string::npos;)
    form.replace(at, 3, "+");
  forms.push_back(std::move(form));
  return forms;
}

}  // namespace

Redactor::Redactor(std::vector<std::string> secrets) : secrets_(std::move(secrets)) {
  std::erase_if(secrets_, [](const auto& secret) { return secret.size() < kShortestSecret; });
  for (std::size_t i = 0, own = secrets_.size(); i < own; ++i) {
    if (secrets_[i].size() < kShortestEncoded) continue;
    for (std::string& form : encodings(secrets_[i])) secrets_.push_back(std::move(form));
  }
  std::sort(secrets_.begin(), secrets_.end(), [](const auto& a, const auto& b) {
    return a.size() != b.size() ? a.size() > b.size() : a < b;
  });
  secrets_.erase(std::unique(secrets_.begin(), secrets_.end()), secrets_.end());
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
