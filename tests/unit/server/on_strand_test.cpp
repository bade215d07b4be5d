#include "core/server/on_strand.h"

#include <gtest/gtest.h>

#include <boost/asio/packaged_task.hpp>
#include <thread>

#include "tests/unit/engine/engine_harness.h"

namespace cairn {
namespace {

// Where Asio's own header for packaged tasks is included, posting one takes its future.
TEST(OnStrand, AnswersAlsoBesideAsiosOwnPackagedTasks) {
  testing::Lab lab;
  const auto work = boost::asio::make_work_guard(*lab.io);
  std::thread runs([&] { lab.io->run(); });
  EXPECT_EQ(on_strand(*lab.scheduler, [] { return 7; }), 7);
  lab.io->stop();
  runs.join();
}

}  // namespace
}  // namespace cairn
