// How many requests one client may send: token buckets. Pure decisions, with time passed in.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "core/base/clock.h"

namespace cairn::http {

struct Rate {
  double burst = 0;       // at once; 0: no limit
  double per_second = 0;  // afterwards
};

struct Bucket {
  double left = 0;
  Duration at{0};  // when `left` was right
};
// What is left at a later time, at most the burst.
[[nodiscard]] double left_at(const Bucket& bucket, const Rate& rate, Duration now);

// A bucket for every client, by its name. Not thread-safe. Holds at most `most` names: full buckets
// are forgotten first, since they say nothing, then those that were filled longest.
class RateLimiter {
 public:
  explicit RateLimiter(Rate rate, std::size_t most = 10'000) : rate_(rate), most_(most) {}

  // Takes one. Nothing: it may go on; else how long to wait until the next is there.
  [[nodiscard]] std::optional<Duration> take(const std::string& name, Duration now);
  [[nodiscard]] std::size_t size() const { return buckets_.size(); }

 private:
  void make_room(Duration now);
  Rate rate_;
  std::size_t most_;
  std::map<std::string, Bucket> buckets_;
};

// Seconds of a Retry-After header, at least 1.
[[nodiscard]] std::string retry_after(Duration wait);

// By whom requests of unknown clients are counted: the address, or of IPv6 the network of 64 bits,
// since whoever has one address of it has them all.
[[nodiscard]] std::string rate_name(const std::string& peer);

}  // namespace cairn::http
