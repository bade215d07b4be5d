#include "core/http/rate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

#include "core/base/hex.h"

namespace cairn::http {

double left_at(const Bucket& bucket, const Rate& rate, Duration now) {
  const double seconds =
      std::chrono::duration<double>(std::max(Duration{0}, now - bucket.at)).count();
  return std::min(rate.burst, bucket.left + seconds * rate.per_second);
}

std::optional<Duration> RateLimiter::take(const std::string& name, Duration now) {
  if (rate_.burst <= 0) return std::nullopt;
  auto found = buckets_.find(name);
  if (found == buckets_.end()) {
    if (buckets_.size() >= most_) make_room(now);
    found = buckets_.emplace(name, Bucket{rate_.burst, now}).first;
  }
  Bucket& bucket = found->second;
  const double left = left_at(bucket, rate_, now);
  if (left >= 1) {
    bucket = {left - 1, now};
    return std::nullopt;
  }
  bucket = {left, now};
  if (rate_.per_second <= 0) return Duration::max();
  return Duration{static_cast<Duration::rep>(std::ceil((1 - left) / rate_.per_second * 1000))};
}

void RateLimiter::make_room(Duration now) {
  std::erase_if(buckets_, [&](const auto& entry) {
    return left_at(entry.second, rate_, now) >= rate_.burst;
  });
  if (buckets_.size() < most_) return;
  buckets_.erase(
      std::ranges::min_element(buckets_, {}, [](const auto& entry) { return entry.second.at; }));
}

std::string retry_after(Duration wait) {
  constexpr std::int64_t kMost = 3600;
  if (wait > std::chrono::seconds(kMost)) return std::to_string(kMost);
  return std::to_string(
      std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(wait).count()));
}

std::string rate_name(const std::string& peer) {
  constexpr std::size_t kNetworkBytes = 8;
  std::array<char, 16> bytes{};
  if (::inet_pton(AF_INET6, peer.c_str(), bytes.data()) != 1) return peer;
  // ::1, and addresses of IPv4 within IPv6: no network of theirs belongs to one client.
  if (std::ranges::all_of(bytes.begin(), bytes.begin() + kNetworkBytes,
                          [](char byte) { return byte == 0; })) {
    return peer;
  }
  return "net:" + hex_of(std::string_view(bytes.data(), kNetworkBytes));
}

}  // namespace cairn::http
