#include "core/base/clock.h"

#include <cstdio>
#include <ctime>

namespace cairn {
namespace {

class SystemClock final : public Clock {
 public:
  WallTime now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
  Duration monotonic() const override {
    return std::chrono::duration_cast<Duration>(
        std::chrono::steady_clock::now().time_since_epoch());
  }
};

}  // namespace

const Clock& system_clock() {
  static const SystemClock clock;
  return clock;
}

std::string format_rfc3339(WallTime time) {
  const auto millis = time.time_since_epoch().count();
  std::time_t seconds = static_cast<std::time_t>(millis / 1000);
  auto rest = static_cast<int>(millis % 1000);
  if (rest < 0) {
    rest += 1000;
    --seconds;
  }
  std::tm parts{};
  gmtime_r(&seconds, &parts);
  char text[40];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof text - length, ".%03dZ", rest);
  return text;
}

Result<WallTime> parse_rfc3339(const std::string& text) {
  std::tm parts{};
  int millis = 0;
  const int read =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &parts.tm_year, &parts.tm_mon,
                  &parts.tm_mday, &parts.tm_hour, &parts.tm_min, &parts.tm_sec, &millis);
  parts.tm_year -= 1900;
  parts.tm_mon -= 1;
  const WallTime time(Duration(static_cast<long long>(timegm(&parts)) * 1000 + millis));
  // timegm() carries a 25th hour over into the next day; only a time that reads the same again is
  // one.
  const std::string full = format_rfc3339(time);
  const bool same = text == full || (millis == 0 && text == full.substr(0, 19) + "Z");
  if (read < 6 || !same) {
    return invalid_argument("'" + text + "' is not an RFC 3339 time in UTC",
                            "write for example 2026-11-23T10:46:05Z or 2026-11-23T10:46:05.120Z");
  }
  return time;
}

}  // namespace cairn
