// What a server tells about its answers: one record for each request, and counts of them.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace cairn::http {

// One request that was answered, or whose client went away. It holds nothing that a client chose
// but the values of a route's pattern: no target, no query, no header, no body.
struct Answered {
  std::string method;   // "GET"; "OTHER" for one that is not known or was not read
  std::string pattern;  // of the route that was matched; empty: none
  std::vector<std::pair<std::string, std::string>> values;  // of the pattern's {parts}
  int status = 0;                                           // 0: it ended before any answer
  std::uint64_t bytes = 0;                                  // sent, with the head
  Duration time{0};     // from the first byte of the request to the last of the answer
  bool stream = false;  // the answer came in pieces
  std::string who;      // empty: nobody that is known
  std::string role;
  std::string peer;
  std::string trace_id;
};

// Called on the I/O thread: quick, and it neither blocks nor throws.
using Observer = std::function<void(const Answered&)>;

// Upper ends of the classes of durations, in milliseconds; the last class has none. Streams are not
// counted among them: they last as long as somebody listens.
inline constexpr std::array<std::int64_t, 11> kDurationClasses = {1,   2,   5,    10,   25,   50,
                                                                  100, 250, 1000, 5000, 30000};

struct RouteCounts {
  std::array<std::uint64_t, 6> by_class{};  // of status 1xx ... 5xx; 0: without an answer
  std::array<std::uint64_t, kDurationClasses.size() + 1> durations{};  // not cumulated
  std::uint64_t milliseconds = 0;                                      // of all in `durations`
  std::uint64_t bytes = 0;
};
struct Counts {
  // By method and pattern ("" and "OTHER" where there is none), so as many as there are routes.
  std::map<std::pair<std::string, std::string>, RouteCounts> routes;
  std::size_t connections = 0;    // open now
  std::size_t streams = 0;        // open now
  std::uint64_t turned_away = 0;  // connections beyond the limit
};

// Thread-safe.
class Tally {
 public:
  void add(const Answered& answered);
  void turned_away();
  // Without what is open now.
  [[nodiscard]] Counts counts() const;

 private:
  mutable std::mutex mutex_;
  Counts counts_;
};

}  // namespace cairn::http
