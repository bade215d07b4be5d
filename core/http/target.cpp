#include "core/http/target.h"

#include <algorithm>

#include "core/base/text.h"

namespace cairn::http {
namespace {

constexpr std::size_t kMaxValues = 200;

int digit_of(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return byte < 0x20 || byte == 0x7f;
}

Result<std::string> decode_part(std::string_view text) {
  CAIRN_ASSIGN(std::string part, percent_decode(text));
  const std::string shown = "the path part '" + printable(text) + "'";
  if (!is_valid_utf8(part)) return invalid_argument(shown + " is not UTF-8");
  if (std::ranges::any_of(part, is_control)) {
    return invalid_argument(shown + " holds a control character");
  }
  if (part.find_first_of("/\\") != std::string::npos) {
    return invalid_argument(shown + " hides a separator");
  }
  if (part == "." || part == "..") {
    return invalid_argument("the path holds '" + part + "'", "send the path that is meant");
  }
  return part;
}

Result<std::string> decode_value(std::string_view text) {
  std::string spaced(text);
  std::ranges::replace(spaced, '+', ' ');
  CAIRN_ASSIGN(std::string value, percent_decode(spaced));
  if (!is_valid_utf8(value) || value.find('\0') != std::string::npos) {
    return invalid_argument("the query holds '" + printable(text) + "', which is no text");
  }
  return value;
}

}  // namespace

Result<std::string> percent_decode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
    if (high < 0 || low < 0) {
      return invalid_argument("'" + printable(text.substr(i, 3)) + "' is no percent escape",
                              "write a '%' itself as %25");
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::optional<std::string_view> Target::find(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

Result<Target> parse_target(std::string_view text) {
  if (!text.starts_with('/')) {
    return invalid_argument("the request target '" + printable(text) + "' does not begin with '/'");
  }
  if (text.find('#') != std::string_view::npos) {
    return invalid_argument("the request target holds a fragment",
                            "leave out '#' and what follows it");
  }
  Target target;
  const std::size_t mark = text.find('?');
  const std::string_view path = text.substr(0, mark);
  target.path = path;
  target.parts.clear();
  for (const std::string_view part : split(path.substr(1), '/')) {
    CAIRN_ASSIGN(std::string decoded, decode_part(part));
    target.parts.push_back(std::move(decoded));
  }
  if (target.parts.empty()) target.parts.emplace_back();
  if (mark == std::string_view::npos) return target;
  for (const std::string_view pair : split(text.substr(mark + 1), '&')) {
    if (pair.empty()) continue;
    if (target.query.size() == kMaxValues) {
      return invalid_argument("the query has more than " + std::to_string(kMaxValues) + " values");
    }
    const std::size_t equals = pair.find('=');
    CAIRN_ASSIGN(std::string name, decode_value(pair.substr(0, equals)));
    std::string value;
    if (equals != std::string_view::npos) {
      CAIRN_ASSIGN(value, decode_value(pair.substr(equals + 1)));
    }
    target.query.emplace_back(std::move(name), std::move(value));
  }
  return target;
}

}  // namespace cairn::http
