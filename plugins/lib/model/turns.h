// Tasks of unequal length on LibTorch's threads.
#pragma once

#include <ATen/Parallel.h>

#include <algorithm>
#include <atomic>
#include <cstdint>

namespace cairn::model {

// Calls make() on each thread that takes part, and what it returned with every number below
// `count`: a thread that is done takes the next one. Which thread that is must not matter to what
// is computed. No number is met twice; long tasks are best numbered first.
template <typename Make>
void take_turns(std::int64_t count, const Make& make) {
  std::atomic<std::int64_t> next{0};
  const std::int64_t threads = std::min<std::int64_t>(at::get_num_threads(), count);
  at::parallel_for(0, threads, 1, [&](std::int64_t, std::int64_t) {
    auto work = make();
    for (std::int64_t i = next++; i < count; i = next++) work(i);
  });
}

}  // namespace cairn::model
