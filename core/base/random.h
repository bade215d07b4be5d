// Random draws keyed by what they are for, never by the order in which threads arrive.
//
// A stream is a pure function of (seed, purpose, key...): the same key gives the same draws on any
// machine and in any order of calls, so a resumed stage needs no generator state, only its step.
// Generator: xoshiro256** (Blackman and Vigna, 2018), its state filled from SHA-256 of the key.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

namespace cairn {

// Not thread-safe; make one stream per thread, sample or position.
class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::string_view purpose,
               std::initializer_list<std::uint64_t> key = {});

  [[nodiscard]] std::uint64_t next();
  // In [0, 1), 53 bits.
  [[nodiscard]] double uniform();
  // In [0, bound), without modulo bias; bound > 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  // Mean 0, deviation 1 (Box and Muller; one draw per call, none kept back).
  [[nodiscard]] double normal();

  template <typename T>
  void shuffle(std::vector<T>& items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  // For checkpoints of walks that cannot be keyed by a step.
  [[nodiscard]] std::array<std::uint64_t, 4> state() const { return state_; }
  void restore(const std::array<std::uint64_t, 4>& state) { state_ = state; }

 private:
  std::array<std::uint64_t, 4> state_{};
};

// A seed derived from another: how a run's seed becomes a task's seed.
[[nodiscard]] std::uint64_t derive_seed(std::uint64_t seed, std::string_view purpose,
                                        std::initializer_list<std::uint64_t> key = {});

}  // namespace cairn
