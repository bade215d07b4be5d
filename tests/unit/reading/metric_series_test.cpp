#include "core/server/reading/metric_series.h"

#include <gmock/gmock.h>

#include <cmath>
#include <random>
#include <thread>

#include "core/sdk/runtime/metric_log.h"
#include "core/server/reading/metric_summary.h"
#include "tests/unit/reading/attempt_fixture.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

class MetricSeriesView : public AttemptFixture {
 protected:
  void SetUp() override {
    AttemptFixture::SetUp();
    indexes_ = fresh();
  }
  [[nodiscard]] std::unique_ptr<Indexes> fresh() const {
    return std::make_unique<Indexes>(folder_ / "scratch", Indexes::Limits(), clock_);
  }
  static std::string line(const std::string& name, std::int64_t step, double value,
                          bool runtime = false) {
    std::string text =
        R"({"name":")" + name + R"(","step":)" + std::to_string(step) + ",\"value\":";
    append_number(value, text);
    return text + (runtime ? ",\"runtime\":true}\n" : "}\n");
  }
  void measure(const std::string& lines, int attempt = 1) const {
    append(task_.attempt(attempt).metrics(), lines);
  }
  json::object names() {
    auto found = metric_names(*indexes_, task_);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    return found.ok() ? *found : json::object();
  }
  json::object series(MetricSeriesRequest request) {
    if (request.names.empty()) request.names = {"loss"};
    auto found = metric_series(*indexes_, task_, request);
    EXPECT_TRUE(found.ok()) << found.error().to_string();
    EXPECT_TRUE(!found.ok() || !found->contains("counting"));
    return found.ok() ? *found : json::object();
  }
  json::object loss(const MetricSeriesRequest& request = {}) {
    return series(request).at("series").at(0).as_object();
  }
  static std::vector<double> column(const json::object& series, const char* group,
                                    const char* name) {
    std::vector<double> values;
    for (const auto& value : series.at(group).as_object().at(name).as_array())
      values.push_back(value.is_number() ? value.to_number<double>() : kNan);
    return values;
  }
  static std::size_t numbers_in(const json::object& series) {
    std::size_t numbers = 2 * series.at("gaps").as_array().size();
    for (const char* group : {"points", "buckets"})
      if (const auto* columns = series.if_contains(group))
        for (const auto& [name, list] : columns->as_object()) numbers += list.as_array().size();
    return numbers;
  }

  SteppingClock clock_;
  std::unique_ptr<Indexes> indexes_;
};

TEST_F(MetricSeriesView, NothingMeasuredIsNothingShown) {
  EXPECT_TRUE(names().at("metrics").as_array().empty());
  const auto none = series({});
  EXPECT_TRUE(none.at("step_first").is_null());
  EXPECT_EQ(none.at("series").at(0).at("raw"), json::value(0));
  measure("");
  measure("{\"name\":\"loss\",\"st");
  EXPECT_TRUE(names().at("metrics").as_array().empty());
}

TEST_F(MetricSeriesView, NamesTellWhatWasMeasured) {
  measure(line("loss", 1, 4) + line("tokens", 1, 100, true) + line("loss", 2, kNan) +
          line("loss", 3, -2) + line("bad", 1, -kInfinity));
  const json::array metrics = names().at("metrics").as_array();
  ASSERT_EQ(metrics.size(), 3U);
  EXPECT_EQ(json::serialize(metrics[0]),
            R"({"name":"bad","runtime":false,"count":1,"nan":1,"step_min":1,"step_max":1,)"
            R"("last":"-Infinity","min":null,"max":null})");
  EXPECT_EQ(json::serialize(metrics[1]),
            R"({"name":"loss","runtime":false,"count":3,"nan":1,"step_min":1,"step_max":3,)"
            R"("last":-2E0,"min":-2E0,"max":4E0})");
  EXPECT_EQ(metrics[2].at("runtime"), json::value(true));
}

TEST_F(MetricSeriesView, FewPointsAreShownAsTheyAre) {
  measure(line("loss", 1, 4) + line("other", 1, 9) + line("loss", 2, kNan) +
          line("loss", 4, kInfinity));
  const auto shown = loss();
  EXPECT_EQ(json::serialize(shown.at("points")),
            R"({"step":[1,2,4],"value":[4E0,"NaN","Infinity"]})");
  EXPECT_EQ(shown.at("raw"), json::value(3));
  MetricSeriesRequest range;
  range.step_first = 2;
  range.step_last = 3;
  EXPECT_EQ(json::serialize(loss(range).at("points")), R"({"step":[2],"value":["NaN"]})");
  range.step_first = 5;
  range.step_last = 9;
  EXPECT_EQ(loss(range).at("raw"), json::value(0));
}

TEST_F(MetricSeriesView, OtherFormsOfAPointAreReadToo) {
  measure(
      "{ \"step\": 3, \"name\": \"loss\", \"value\": 1 }\r\n"
      "{\"name\":\"a\\\"b\",\"step\":1,\"value\":2}\n"
      "no point\n\n[]\n{\"name\":\"loss\",\"step\":4}\n"
      "{\"name\":\"loss\",\"step\":5,\"value\":nan}\n"
      "{\"name\":\"loss\",\"step\":6,\"value\":2,\"runtime\":false}\n"
      "{\"name\":\"l\xffss\",\"step\":6,\"value\":2}\n" +
      std::string(std::size_t{3} << 20, 'x') + "\n" + line("loss", 7, 3));
  EXPECT_THAT(column(loss(), "points", "step"), ElementsAre(3, 6, 7));
  MetricSeriesRequest request;
  request.names = {"a\"b"};
  EXPECT_EQ(series(request).at("series").at(0).at("raw"), json::value(1));
  EXPECT_EQ(names().at("metrics").as_array().size(), 2U);
}

TEST_F(MetricSeriesView, ASpikeAndANanAreSeenAtEveryZoom) {
  constexpr std::int64_t kPoints = 100'000;
  constexpr std::int64_t kSpike = 61'803;
  constexpr std::int64_t kHole = 31'416;
  std::string lines;
  for (std::int64_t step = 0; step < kPoints; ++step)
    lines += line("loss", step,
                  step == kSpike  ? 1000
                  : step == kHole ? kNan
                                  : std::sin(step)) +
             line("other", step, 5);
  measure(lines);
  for (const std::uint32_t width : {2U, 100U, 1000U}) {
    for (std::int64_t half = kPoints; half > 0; half /= 3) {
      MetricSeriesRequest request;
      request.width = width;
      for (const std::int64_t middle : {kSpike, kHole}) {
        request.step_first = std::max<std::int64_t>(0, middle - half);
        request.step_last = std::min<std::int64_t>(kPoints - 1, middle + half / 2);
        const auto shown = loss(request);
        const auto points =
            static_cast<std::uint64_t>(*request.step_last - *request.step_first + 1);
        EXPECT_EQ(shown.at("raw"), json::value(points));
        EXPECT_LE(numbers_in(shown), 4 * width);
        const bool raw = shown.contains("points");
        EXPECT_EQ(raw, points < width);
        const auto highest = column(shown, raw ? "points" : "buckets", raw ? "value" : "max");
        if (middle == kSpike) {
          EXPECT_EQ(*std::ranges::max_element(
                        highest,
                        [](double a, double b) { return std::isnan(a) ? !std::isnan(b) : a < b; }),
                    1000)
              << width << " " << half;
        }
        if (middle != kHole) continue;
        double nan = 0;
        if (raw) {
          nan = static_cast<double>(
              std::ranges::count_if(highest, [](double value) { return std::isnan(value); }));
        } else {
          for (const double count : column(shown, "buckets", "nan")) nan += count;
        }
        EXPECT_EQ(nan, 1) << width << " " << half;
      }
    }
  }
}

// What a chart shows, from all points one after the other.
std::vector<MetricSummary> by_hand(const std::vector<StepValue>& points, std::int64_t first,
                                   std::int64_t last, std::uint64_t count) {
  std::vector<MetricSummary> buckets(count);
  const std::uint64_t share = static_cast<std::uint64_t>(last - first) / count + 1;
  for (const StepValue& point : points)
    if (point.step >= first && point.step <= last)
      buckets[static_cast<std::uint64_t>(point.step - first) / share].add(point);
  std::erase_if(buckets, [](const MetricSummary& bucket) { return bucket.count == 0; });
  return buckets;
}

TEST_F(MetricSeriesView, BucketsAreThoseOfAllPointsAlsoWhereStepsGoBack) {
  std::mt19937 random(7);
  std::vector<StepValue> points;
  std::string lines;
  std::int64_t step = -5000;
  for (int i = 0; i < 30'000; ++i) {
    step += static_cast<std::int64_t>(random() % 4);
    if (random() % 1000 == 0) step -= 300;
    const double value = random() % 500 == 0 ? kNan : static_cast<double>(random() % 1000);
    points.push_back({step, value});
    lines += line("loss", step, value);
  }
  measure(lines);
  for (int round = 0; round < 60; ++round) {
    const auto first = static_cast<std::int64_t>(random() % 30'000) - 6000;
    const auto last = first + static_cast<std::int64_t>(random() % 40'000);
    MetricSeriesRequest request;
    request.step_first = first;
    request.step_last = last;
    request.width = 2 + random() % 300;
    const auto shown = loss(request);
    if (!shown.contains("buckets")) continue;
    const auto wanted = by_hand(points, first, last, request.width / 2);
    std::vector<double> steps;
    std::vector<double> firsts;
    std::vector<double> lasts;
    std::vector<double> counts;
    std::vector<double> highest;
    for (const auto& bucket : wanted) {
      steps.push_back(static_cast<double>(bucket.step_max));
      firsts.push_back(bucket.first);
      lasts.push_back(bucket.last);
      counts.push_back(static_cast<double>(bucket.count));
      highest.push_back(bucket.count > bucket.nan ? bucket.max : kNan);
    }
    EXPECT_EQ(column(shown, "buckets", "step_last"), steps);
    EXPECT_THAT(column(shown, "buckets", "first"),
                ::testing::Pointwise(::testing::NanSensitiveDoubleEq(), firsts));
    EXPECT_THAT(column(shown, "buckets", "last"),
                ::testing::Pointwise(::testing::NanSensitiveDoubleEq(), lasts));
    EXPECT_EQ(column(shown, "buckets", "count"), counts);
    EXPECT_THAT(column(shown, "buckets", "max"),
                ::testing::Pointwise(::testing::NanSensitiveDoubleEq(), highest));
  }
}

TEST_F(MetricSeriesView, TheEndsOfTheRangeMayBeTheEndsOfNumbers) {
  measure(line("loss", std::numeric_limits<std::int64_t>::min(), 1) + line("loss", 0, 2) +
          line("loss", std::numeric_limits<std::int64_t>::max(), 3));
  MetricSeriesRequest request;
  request.width = 2;
  const auto shown = loss(request);
  EXPECT_THAT(column(shown, "buckets", "count"), ElementsAre(3));
  EXPECT_THAT(column(shown, "buckets", "last"), ElementsAre(3));
}

TEST_F(MetricSeriesView, GapsAreTold) {
  std::string lines;
  for (std::int64_t step = 0; step < 10'000; ++step)
    if (step < 4000 || step > 7000) lines += line("loss", step, 1);
  measure(lines);
  MetricSeriesRequest request;
  request.width = 200;
  EXPECT_EQ(loss(request).at("gaps"), (json::array{json::array{3999, 7001}}));
  request.step_first = 3990;
  request.step_last = 7010;
  EXPECT_EQ(loss(request).at("gaps"), (json::array{json::array{3999, 7001}}));
  request.step_last = 3999;
  EXPECT_TRUE(loss(request).at("gaps").as_array().empty());
}

TEST_F(MetricSeriesView, ALaterAttemptReplacesWhatItMeasuresAgain) {
  std::string first;
  for (int step = 1; step <= 57; ++step) first += line("loss", step, 1);
  measure(first + line("records", 0, 10) + line("eval", 50, 1), 1);
  std::string second;
  for (int step = 51; step <= 53; ++step) second += line("loss", step, 2);
  measure(line("records", 0, 11) + second, 2);
  measure("", 3);
  const auto shown = loss();
  EXPECT_EQ(shown.at("raw"), json::value(53));
  EXPECT_EQ(column(shown, "points", "step").back(), 53);
  EXPECT_EQ(column(shown, "points", "value").at(49), 1);
  EXPECT_EQ(column(shown, "points", "value").at(50), 2);
  EXPECT_EQ(json::serialize(shown.at("attempts")),
            R"([{"attempt":1,"step_first":1,"step_last":50,"raw":50},)"
            R"({"attempt":2,"step_first":51,"step_last":53,"raw":3}])");
  EXPECT_EQ(json::serialize(names().at("metrics").at(2)),
            R"({"name":"records","runtime":false,"count":1,"nan":0,"step_min":0,"step_max":0,)"
            R"("last":1.1E1,"min":1.1E1,"max":1.1E1})");
  MetricSeriesRequest request;
  request.names = {"eval"};
  EXPECT_EQ(series(request).at("series").at(0).at("raw"), json::value(1));
}

TEST_F(MetricSeriesView, AFileThatGrowsIsReadOn) {
  std::string all;
  for (std::int64_t step = 0; step < 2000; ++step) {
    const std::string next = line("loss", step, static_cast<double>(step));
    measure(next.substr(0, 20));
    if (step % 100 == 0) {
      EXPECT_EQ(loss().at("raw"), json::value(step));
    }
    measure(next.substr(20));
    all += next;
  }
  MetricSeriesRequest request;
  request.width = 100;
  const auto grown = loss(request);
  indexes_ = fresh();
  EXPECT_EQ(loss(request), grown);
  // Another file in its place, as long as the first.
  std::string other;
  for (std::int64_t step = 0; step < 2000; ++step)
    other += line("loss", step, static_cast<double>(step) + 1);
  put(task_.attempt(1).metrics(), other);
  EXPECT_EQ(column(loss(request), "buckets", "last").back(), 2000);
  put(task_.attempt(1).metrics(), line("loss", 0, 7));
  EXPECT_EQ(loss(request).at("raw"), json::value(1));
}

TEST_F(MetricSeriesView, ABudgetThatIsSpentGoesOnWithTheNextCall) {
  std::string lines;
  for (std::int64_t step = 0; step < 80'000; ++step) lines += line("loss", step, 1);
  measure(lines);
  clock_.set_step(Duration(1000));
  MetricSeriesRequest request;
  request.names = {"loss"};
  int calls = 0;
  for (; calls < 100; ++calls) {
    const auto found = metric_series(*indexes_, task_, request);
    ASSERT_TRUE(found.ok());
    if (!found->contains("counting")) break;
  }
  EXPECT_GT(calls, 2);
  EXPECT_EQ(loss().at("raw"), json::value(80'000));
}

TEST_F(MetricSeriesView, NamesWithoutEndAreCountedOnly) {
  std::string lines;
  for (int i = 0; i < 10'050; ++i) lines += line("m" + std::to_string(i), 1, 1);
  measure(lines + line(std::string(3000, 'n'), 1, 1));
  EXPECT_EQ(names().at("metrics").as_array().size(), 10'000U);
  EXPECT_EQ(names().at("left_out"), json::value(51));
}

TEST_F(MetricSeriesView, TwoReadAtOnceWhileItGrows) {
  std::string lines;
  for (std::int64_t step = 0; step < 50'000; ++step) lines += line("loss", step, 1);
  measure(lines);
  const auto read = [&] {
    for (int i = 0; i < 30; ++i) {
      const auto shown = loss();
      EXPECT_GE(shown.at("raw").to_number<std::uint64_t>(), 50'000U);
    }
  };
  std::thread one(read);
  std::thread other(read);
  for (std::int64_t step = 0; step < 100; ++step) measure(line("loss", 50'000 + step, 1));
  one.join();
  other.join();
  EXPECT_EQ(loss().at("raw"), json::value(50'100));
}

TEST_F(MetricSeriesView, RefusesWhatCannotBeDrawn) {
  MetricSeriesRequest request;
  EXPECT_FALSE(metric_series(*indexes_, task_, request).ok());
  request.names.assign(65, "loss");
  EXPECT_FALSE(metric_series(*indexes_, task_, request).ok());
  request.names = {"loss"};
  for (const std::uint32_t width : {0U, 1U, 100'000U}) {
    request.width = width;
    EXPECT_FALSE(metric_series(*indexes_, task_, request).ok()) << width;
  }
  request.width = 10;
  request.step_first = 5;
  request.step_last = 4;
  EXPECT_FALSE(metric_series(*indexes_, task_, request).ok());
}

}  // namespace
}  // namespace cairn
