#include "core/http/wire.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "core/base/text.h"

namespace cairn::http {
namespace {

constexpr std::array<std::pair<const char*, const char*>, 8> kDefaults = {{
    {"Cache-Control", "no-store"},
    {"Content-Security-Policy",
     "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"},
    {"Cross-Origin-Opener-Policy", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin"},
    {"Permissions-Policy",
     "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), "
     "microphone=(), midi=(), payment=(), publickey-credentials-get=(), serial=(), usb=()"},
    {"Referrer-Policy", "no-referrer"},
    {"X-Content-Type-Options", "nosniff"},
    {"X-Frame-Options", "DENY"},
}};

bool is_token(std::string_view text) {
  constexpr std::string_view kLetters =
      "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  return !text.empty() && text.find_first_not_of(kLetters) == std::string_view::npos;
}

bool is_control(char letter) {
  const auto byte = static_cast<unsigned char>(letter);
  return (byte < 0x20 && letter != '\t') || byte == 0x7f;
}

}  // namespace

Result<void> check_response(const Response& response) {
  if (response.status < 200 || response.status > 599) {
    return internal_error("an answer has the status " + std::to_string(response.status));
  }
  for (const auto& [name, value] : response.headers.fields()) {
    if (!is_token(name) || std::ranges::any_of(value, is_control)) {
      return internal_error("an answer has the field '" + printable(name) + ": " +
                            printable(value) + "'");
    }
    for (const char* own : {"Content-Length", "Transfer-Encoding", "Connection", "Date"}) {
      if (same_ignoring_case(name, own)) {
        return internal_error("an answer sets " + name + ", which is the server's to set");
      }
    }
  }
  return {};
}

std::string head_bytes(const Response& response, const Framing& framing, WallTime now) {
  std::string head =
      "HTTP/1.1 " + std::to_string(response.status) + " " + reason_phrase(response.status) + "\r\n";
  const auto add = [&](const std::string& name, const std::string& value) {
    head += name + ": " + value + "\r\n";
  };
  add("Date", http_date(now));
  for (const auto& [name, value] : response.headers.fields()) add(name, value);
  for (const auto& [name, value] : kDefaults) {
    if (response.headers.count(name) == 0) add(name, value);
  }
  if (framing.length) add("Content-Length", std::to_string(*framing.length));
  if (framing.chunked) add("Transfer-Encoding", "chunked");
  if (framing.close) add("Connection", "close");
  return head + "\r\n";
}

std::string chunk_bytes(std::string_view piece) {
  if (piece.empty()) return {};
  std::array<char, 20> size;
  const int length = std::snprintf(size.data(), size.size(), "%zx\r\n", piece.size());
  std::string bytes(size.data(), static_cast<std::size_t>(length));
  bytes.append(piece);
  return bytes + "\r\n";
}

std::string http_date(WallTime time) {
  constexpr std::array<const char*, 7> kDays = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const std::time_t seconds =
      std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 96> text;
  std::snprintf(text.data(), text.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                kDays.at(static_cast<std::size_t>(parts.tm_wday)), parts.tm_mday,
                kMonths.at(static_cast<std::size_t>(parts.tm_mon)), parts.tm_year + 1900,
                parts.tm_hour, parts.tm_min, parts.tm_sec);
  return text.data();
}

}  // namespace cairn::http
