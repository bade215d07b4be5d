// What the store costs beside the disk itself. Prints; the limits only catch a change of kind.
#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <ctime>

#include "tests/unit/store/store_test.h"

namespace cairn {
namespace {

class StoreSpeed : public testing::StoreTest {
 protected:
  template <typename Work>
  static double milliseconds(const Work& work) {
    const auto start = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start)
        .count();
  }

  static double processor_milliseconds() {
    timespec used{};
    EXPECT_EQ(::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &used), 0);
    return static_cast<double>(used.tv_sec) * 1e3 + static_cast<double>(used.tv_nsec) / 1e6;
  }

  // One write of this size and one fdatasync, on the store's disk.
  [[nodiscard]] double bare_sync(std::size_t bytes, int times) const {
    const std::string data(bytes, 'x');
    const int fd = ::open((folder_ / "bare").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    EXPECT_GE(fd, 0);
    const double total = milliseconds([&] {
      for (int i = 0; i < times; ++i) {
        EXPECT_EQ(::write(fd, data.data(), data.size()), static_cast<ssize_t>(data.size()));
        EXPECT_EQ(::fdatasync(fd), 0);
      }
    });
    ::close(fd);
    return total / times;
  }
};

TEST_F(StoreSpeed, OneAppendCostsAboutOneSync) {
  auto store = open_rocks_store(folder_).value();
  ASSERT_TRUE(store->append(batch("run", {"first"})).ok());
  constexpr int kTimes = 100;
  const double bare = bare_sync(4096, kTimes);
  const double append = milliseconds([&] {
                          for (int i = 0; i < kTimes; ++i) {
                            ASSERT_TRUE(store->append(batch("run", {std::string(80, 'r')})).ok());
                          }
                        }) /
                        kTimes;
  std::printf("append %.3f ms, bare fdatasync of 4 KiB %.3f ms, ratio %.2f\n", append, bare,
              append / bare);
  EXPECT_LT(append, 5 * bare + 5);
}

TEST_F(StoreSpeed, BigBatchCostsOneSyncAndLittlePerPut) {
  auto store = open_rocks_store(folder_).value();
  constexpr int kTimes = 20;
  constexpr int kPuts = 1500;
  double total = 0;
  double processor = 0;
  for (int round = 0; round < kTimes; ++round) {
    StoreBatch batch;
    for (int i = 0; i < 1000; ++i) batch.journal.push_back({"run", std::string(80, 'r')});
    for (int i = 0; i < 500; ++i) {
      const std::string key = std::to_string((i * 7919 + round * 104729) % 1000003);
      batch.cache.push_back({key, std::string(100, 'c')});
    }
    const double before = processor_milliseconds();
    total += milliseconds([&] { ASSERT_TRUE(store->append(batch).ok()); });
    processor += processor_milliseconds() - before;
  }
  const double bare = bare_sync(std::size_t{160} << 10, kTimes);
  const double per_put = processor / kTimes * 1000 / kPuts;
  std::printf("batch %.3f ms, bare write and fdatasync of it %.3f ms; processor %.2f us a put\n",
              total / kTimes, bare, per_put);
  EXPECT_LT(per_put, 20);
}

TEST_F(StoreSpeed, TenThousandRuns) {
  {
    auto store = open_rocks_store(folder_).value();
    for (int i = 0; i < 10'000; i += 100) {
      StoreBatch many;
      for (int j = i; j < i + 100; ++j) {
        const std::string run = "20261123-" + std::to_string(100'000 + j);
        for (int k = 0; k < 20; ++k) many.journal.push_back({run, std::string(80, 'r')});
        many.summaries.push_back({run, std::string(200, 's')});
      }
      ASSERT_TRUE(store->append(many).ok());
    }
  }
  for (const bool reading : {true, false}) {
    std::unique_ptr<RunStore> store;
    const double open = milliseconds([&] {
      store = (reading ? open_rocks_store_read_only(folder_) : open_rocks_store(folder_)).value();
    });
    const double before = processor_milliseconds();
    const double list = milliseconds([&] { EXPECT_EQ(store->list_runs()->size(), 10'000U); });
    std::printf("10,000 runs: open %s %.1f ms, list_runs %.1f ms, of the processor %.1f ms\n",
                reading ? "for reading" : "for writing", open, list,
                processor_milliseconds() - before);
    EXPECT_EQ(store->last_sequence(), 200'000U);
    EXPECT_LT(list, 200);
    EXPECT_LT(open, 2000);
  }
}

}  // namespace
}  // namespace cairn
