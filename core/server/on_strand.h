// Asking the scheduler from another thread.
#pragma once

#include <boost/asio/post.hpp>
#include <future>
#include <utility>

#include "core/engine/scheduler.h"

namespace cairn {

// Runs the function on the scheduler's strand and returns what it returns. Never call it on the
// strand, nor when nothing runs the io_context: it would wait for ever.
template <typename F>
auto on_strand(Scheduler& scheduler, F function) {
  std::packaged_task<decltype(function())()> task(std::move(function));
  auto result = task.get_future();
  // In a lambda: Asio takes the future of a bare std::packaged_task itself, where its header for
  // that is included.
  boost::asio::post(scheduler.strand(), [task = std::move(task)]() mutable { task(); });
  return result.get();
}

}  // namespace cairn
