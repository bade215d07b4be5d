#include "core/server/reading/metric_index.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cstring>
#include <random>

#include "core/base/framed_log.h"
#include "core/server/reading/metric_index_file.h"
#include "core/server/reading/metric_scan.h"
#include "core/server/reading/metric_series.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

// A file long enough to be worth keeping what is known of it.
class KeptIndex : public AttemptFixture {
 protected:
  static constexpr std::int64_t kPoints = 120'000;

  void SetUp() override {
    AttemptFixture::SetUp();
    std::string lines;
    for (std::int64_t step = 0; step < kPoints; ++step) lines += line(step);
    append(task_.attempt(1).metrics(), lines);
    kept_ = task_.attempt(1).root / kMetricIndexName;
  }
  static std::string line(std::int64_t step) {
    return R"({"name":"loss","step":)" + std::to_string(step) + R"(,"value":1.5E0})" + "\n";
  }
  // With nothing in memory.
  json::object draw(std::optional<std::int64_t> first = {},
                    std::optional<std::int64_t> last = {}) const {
    Indexes indexes(folder_ / "scratch");
    MetricSeriesRequest request;
    request.names = {"loss"};
    request.width = 500;
    request.step_first = first;
    request.step_last = last;
    auto shown = metric_series(indexes, task_, request);
    while (shown.ok() && shown->contains("counting"))
      shown = metric_series(indexes, task_, request);
    EXPECT_TRUE(shown.ok()) << shown.error().to_string();
    return shown.ok() ? *shown : json::object();
  }
  void change(std::uint64_t offset, char to) const { change(kept_, offset, to); }
  static void change(const fs::path& path, std::uint64_t offset, char to) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(static_cast<std::streamoff>(offset));
    file.put(to);
  }
  // Whether drawing still uses what was kept: the source says something else, unnoticed.
  bool uses_kept() {
    change(task_.attempt(1).metrics(), 32, '9');  // the value of the first point
    const auto shown = draw();
    change(task_.attempt(1).metrics(), 32, '1');
    return shown.at("series").at(0).at("buckets").at("first").at(0) == json::value(1.5);
  }

  fs::path kept_;
};

TEST_F(KeptIndex, IsWrittenPrivatelyAndUsedAgain) {
  const auto shown = draw();
  ASSERT_TRUE(fs::exists(kept_));
  EXPECT_EQ(fs::status(kept_).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  EXPECT_TRUE(uses_kept());
  EXPECT_EQ(draw(), shown);
  EXPECT_EQ(draw(5000, 5100).at("series").at(0).at("raw"), json::value(101));
}

TEST_F(KeptIndex, GoesOnWhereItEnded) {
  (void)draw();
  std::string more;
  for (std::int64_t step = kPoints; step < kPoints + 50'000; ++step) more += line(step);
  append(task_.attempt(1).metrics(), more);
  EXPECT_EQ(draw().at("series").at(0).at("raw"), json::value(kPoints + 50'000));
  EXPECT_TRUE(uses_kept());
  const auto all = draw();
  fs::remove(kept_);
  EXPECT_EQ(draw(), all);
}

TEST_F(KeptIndex, IsMadeAgainWhereItIsCut) {
  const auto shown = draw();
  const auto size = fs::file_size(kept_);
  for (const std::uint64_t left :
       {std::uint64_t{0}, std::uint64_t{10}, kMetricIndexBegin, size / 2, size - 8, size - 1}) {
    fs::resize_file(kept_, left);
    EXPECT_EQ(draw(), shown) << left;
    EXPECT_EQ(fs::file_size(kept_), size) << left;
  }
}

TEST_F(KeptIndex, IsMadeAgainWhereAByteIsWrong) {
  const auto shown = draw();
  const auto near = draw(256, 700);
  const std::string bytes = real_file_system().read(kept_).value();
  // Header, version, a block, the footer, the trailer.
  for (const std::uint64_t offset :
       {std::uint64_t{0}, std::uint64_t{8}, kMetricIndexBegin + 2 * 4096 + 17,
        static_cast<std::uint64_t>(bytes.size()) - 1000,
        static_cast<std::uint64_t>(bytes.size()) - 9}) {
    change(offset, static_cast<char>(bytes[offset] ^ 1));
    EXPECT_EQ(draw(256, 700), near) << offset;
    EXPECT_EQ(draw(), shown) << offset;
    EXPECT_EQ(real_file_system().read(kept_).value(), bytes) << offset;
  }
}

// What a footer says is believed only as far as the file bears it out, whoever wrote its checksum.
TEST_F(KeptIndex, AnyFooterIsReadOrRefused) {
  (void)draw();
  const std::string bytes = real_file_system().read(kept_).value();
  constexpr std::size_t kTrailer = 32;
  std::uint64_t begin = 0;
  std::memcpy(&begin, bytes.data() + bytes.size() - kTrailer, sizeof begin);
  std::mt19937 random(11);
  int refused = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string footer = bytes.substr(begin, bytes.size() - kTrailer - begin);
    for (int changes = 1 + static_cast<int>(random() % 3); changes > 0; --changes) {
      const std::size_t at = random() % 2 == 0
                                 ? random() % std::min<std::size_t>(200, footer.size())
                                 : random() % footer.size();
      footer[at] = static_cast<char>(random());
    }
    if (random() % 4 == 0) footer.resize(random() % footer.size());
    if (random() % 10 == 0) footer += footer.substr(0, 100);
    std::string trailer = bytes.substr(bytes.size() - kTrailer);
    const std::uint64_t length = footer.size();
    const std::uint64_t checksum = crc32c(footer);
    std::memcpy(trailer.data() + 8, &length, sizeof length);
    std::memcpy(trailer.data() + 16, &checksum, sizeof checksum);
    fs::resize_file(kept_, begin);
    append(kept_, footer + trailer);
    const Fd file(::open(kept_.c_str(), O_RDONLY | O_CLOEXEC));
    const auto loaded = load_metric_index(file.get());
    ASSERT_TRUE(loaded.ok());
    refused += *loaded ? 0 : 1;
  }
  EXPECT_GT(refused, 500);
}

TEST_F(KeptIndex, IsNotThatOfAnotherFile) {
  (void)draw();
  std::string other;
  for (std::int64_t step = 0; step < kPoints + 10; ++step)
    other += R"({"name":"loss","step":)" + std::to_string(step) + R"(,"value":2.5E0})" + "\n";
  put(task_.attempt(1).metrics(), other);
  const auto shown = draw();
  EXPECT_EQ(shown.at("series").at(0).at("raw"), json::value(kPoints + 10));
  EXPECT_EQ(shown.at("series").at(0).at("buckets").at("first").at(0), json::value(2.5));
}

TEST_F(KeptIndex, ALinkInItsPlaceIsNotFollowed) {
  put(folder_ / "sentinel", "untouched");
  fs::create_symlink(folder_ / "sentinel", kept_);
  EXPECT_EQ(draw().at("series").at(0).at("raw"), json::value(kPoints));
  EXPECT_EQ(real_file_system().read(folder_ / "sentinel").value(), "untouched");
  fs::remove(kept_);
  fs::create_hard_link(folder_ / "sentinel", kept_);
  EXPECT_EQ(draw().at("series").at(0).at("raw"), json::value(kPoints));
  EXPECT_EQ(real_file_system().read(folder_ / "sentinel").value(), "untouched");
}

TEST_F(KeptIndex, LiesInScratchWhileAnotherProcessHasIt) {
  (void)draw();
  const std::string bytes = real_file_system().read(kept_).value();
  const Fd other(::open(kept_.c_str(), O_RDWR | O_CLOEXEC));
  ASSERT_EQ(::flock(other.get(), LOCK_EX), 0);
  EXPECT_FALSE(uses_kept());
  EXPECT_EQ(draw(100, 300).at("series").at(0).at("raw"), json::value(201));
  EXPECT_EQ(real_file_system().read(kept_).value(), bytes);
  EXPECT_TRUE(fs::is_empty(folder_ / "scratch"));
}

TEST_F(KeptIndex, IsForgottenWithinTheLimitsOfMemory) {
  Indexes indexes(folder_ / "scratch", {.bytes = 1, .files = 10});
  for (int attempt = 2; attempt < 6; ++attempt) {
    const TaskFolder other{folder_ / "runs" / "r" / ("t" + std::to_string(attempt))};
    append(other.attempt(1).metrics(), line(1));
    EXPECT_TRUE(metric_names(indexes, other).ok());
    EXPECT_EQ(indexes.files(), 1U);
  }
}

TEST(MetricScan, TakesWhatTheWriterWritesAndNothingElse) {
  ScannedPoint point;
  ASSERT_TRUE(scan_plain_point(R"({"name":"a/b","step":-3,"value":-1.5E-7})", point));
  EXPECT_EQ(point.name, "a/b");
  EXPECT_EQ(point.step, -3);
  EXPECT_EQ(point.value, -1.5e-7);
  EXPECT_FALSE(point.runtime);
  ASSERT_TRUE(
      scan_plain_point(R"({"name":"","step":0,"value":"-Infinity","runtime":true})", point));
  EXPECT_TRUE(point.runtime);
  const std::string whole = R"({"name":"loss","step":12,"value":1.5E0,"runtime":true})";
  for (std::size_t length = 0; length < whole.size(); ++length)
    EXPECT_FALSE(scan_plain_point(whole.substr(0, length), point)) << length;
  for (const char* other :
       {R"({"name":"loss","step":1,"value":nan})", R"({"name":"loss","step":1,"value":inf})",
        R"({"name":"loss","step":1,"value":"-NaN"})", R"({"name":"loss","step":1.5,"value":1})",
        R"({"name":"lo\"ss","step":1,"value":1})", R"({"name":"loss","step":1,"value":1} )",
        R"({"name":"loss","step":99999999999999999999,"value":1})"})
    EXPECT_FALSE(scan_plain_point(other, point)) << other;
}

}  // namespace
}  // namespace cairn
