// How fast a warm host is; printed, not judged: machines differ.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <fstream>
#include <sstream>

#include "tests/unit/host/fake_engine.h"

namespace cairn::host {
namespace {

class Speed : public HostTest {
 protected:
  // Processor time of the host and of its children, in seconds.
  [[nodiscard]] double host_cpu() const {
    std::ifstream file("/proc/" + std::to_string(host_) + "/stat");
    std::string text;
    std::getline(file, text);
    std::istringstream rest(text.substr(text.rfind(')') + 1));
    std::string field;
    for (int i = 3; i < 14; ++i) rest >> field;
    double total = 0;
    for (int i = 14; i < 18; ++i) {
      double ticks = 0;
      rest >> ticks;
      total += ticks;
    }
    return total / static_cast<double>(::sysconf(_SC_CLK_TCK));
  }

  void measure(const char* name, Task task, std::size_t number, std::size_t batch) {
    constexpr std::size_t kAhead = 4;  // batches that wait at the host
    start_host();
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t ended = 0;
    std::size_t failed = 0;
    std::uint64_t newest = 0;
    engine_->watch([&](const v1::HostReports& message) {
      const std::lock_guard lock(mutex);
      for (const auto& report : message.reports()) {
        if (report.has_finished()) {
          ++ended;
          failed += report.finished().failure_cause().empty() ? 0 : 1;
        }
        newest = std::max(newest, report.sequence());
      }
      changed.notify_one();
    });
    std::uint64_t token = 0;
    const auto send = [&](bool with_stage, std::size_t count, std::uint64_t acknowledged) {
      v1::EngineCommands commands;
      if (acknowledged > 0) commands.add_commands()->mutable_ack()->set_sequence(acknowledged);
      if (with_stage) *commands.add_commands()->mutable_stage() = task.stage;
      for (std::size_t i = 0; i < count; ++i) {
        auto* assignment = commands.add_commands()->mutable_assignment();
        *assignment = task.assignment;
        assignment->mutable_attempt()->set_token(++token);
        assignment->mutable_attempt()->set_task(static_cast<std::uint32_t>(token));
        assignment->set_task_folder("runs/r/" + std::to_string(token));
      }
      engine_->send(std::move(commands));
    };
    const auto wait_for = [&](std::size_t count) {
      std::unique_lock lock(mutex);
      EXPECT_TRUE(changed.wait_for(lock, std::chrono::seconds(60), [&] { return ended >= count; }));
      return newest;
    };
    send(true, 1, 0);
    wait_for(1);
    const double cpu = host_cpu();
    const auto start = std::chrono::steady_clock::now();
    std::size_t sent = 1;
    for (; sent < 1 + kAhead * batch; sent += batch) send(false, batch, 0);
    for (; sent < number; sent += batch) send(false, batch, wait_for(sent - (kAhead - 1) * batch));
    send(false, 0, wait_for(sent));
    const std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    const auto tasks = static_cast<double>(sent - 1);
    std::printf("%s: %.0f tasks/s, %.1f us of the host's CPU a task\n", name,
                tasks / passed.count(), 1e6 * (host_cpu() - cpu) / tasks);
    EXPECT_EQ(failed, 0u);
    engine_->release();
    EXPECT_EQ(wait_for_host(), 0);
  }
};

TEST_F(Speed, OfNoOps) {
  measure("noop", noop(), 200'000, 256);
}

TEST_F(Speed, OfShellCommands) {
  measure("shell true", shell("true"), 1000, 32);
}

}  // namespace
}  // namespace cairn::host
