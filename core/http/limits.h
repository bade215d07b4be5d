// What one server takes at most, so that no client costs it more than its share.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/clock.h"
#include "core/http/rate.h"

namespace cairn::http {

struct Limits {
  std::size_t target_bytes = std::size_t{8} << 10;       // beyond: 414
  std::size_t header_bytes = std::size_t{16} << 10;      // request line and fields; beyond: 431
  std::uint64_t body_bytes = std::uint64_t{8} << 20;     // of one request; beyond: 413
  std::uint64_t bodies_bytes = std::uint64_t{64} << 20;  // of all at once; beyond: 503
  std::size_t connections = 1200;                        // at once; beyond: 503
  std::size_t stream_bytes = std::size_t{64} << 10;      // waiting for one slow client
  // Streams of one client at once, by Request::who, else by address; beyond: 429. 0: no limit.
  std::size_t streams_per_client = 64;
  // Requests of one client, known in the same way; beyond: 429.
  Rate requests{5000, 2000};
  // Answers of 401 to one address; beyond, what would be one is 429. Who is known is not held up by
  // others at the same address who are not.
  Rate strangers{20, 1};
  Duration handshake_time{10'000};  // of TLS
  Duration header_time{10'000};     // from the first byte of a request to the end of its header
  Duration request_time{30'000};    // from the first byte to the last of the body; beyond: 408
  Duration idle_time{60'000};       // a connection between two requests
  Duration write_time{30'000};      // without the client taking anything
};

}  // namespace cairn::http
