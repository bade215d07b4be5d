#include "core/server/api/metrics_text.h"

#include <gtest/gtest.h>

#include <regex>
#include <set>

#include "core/base/text.h"

namespace cairn::api {
namespace {

MetricValues some_values() {
  MetricValues values;
  values.version = "1.2\"3\n";
  values.runs = {{"failed", 2}, {"succeeded", 40}};
  values.tasks = {{"running", 3}};
  values.attempts = {{{"shell", ""}, 7}, {{"shell", "oom"}, 1}};
  http::RouteCounts counts;
  counts.by_class[2] = 5;
  counts.durations[0] = 4;
  counts.durations[3] = 1;
  counts.milliseconds = 12;
  values.timings.commit.add(120'000);
  values.timings.commit.add(90'000);
  values.timings.commit.add(6'000'000'000);
  values.http.routes[{"GET", "/api/v1/runs"}] = counts;
  return values;
}

TEST(MetricsText, IsOpenMetricsLineByLine) {
  const std::regex comment(R"(# (TYPE|HELP|UNIT) [a-z_]+ .+|# EOF)");
  const std::regex sample(
      R"re([a-z_]+(\{[a-z_]+="([^"\\\n]|\\.)*"(,[a-z_]+="([^"\\\n]|\\.)*")*\})? \S+)re");
  std::set<std::string> families;
  const std::string text = metrics_text(some_values());
  ASSERT_TRUE(text.ends_with("# EOF\n"));
  const std::string lines = text.substr(0, text.size() - 1);
  for (const std::string_view line : split(lines, '\n')) {
    const std::string copy(line);
    EXPECT_TRUE(std::regex_match(copy, comment) || std::regex_match(copy, sample)) << copy;
    if (copy.starts_with("# TYPE ")) {
      EXPECT_TRUE(families.insert(copy.substr(7, copy.find(' ', 7) - 7)).second) << copy;
    }
    EXPECT_NE(
        text.find(R"(cairn_task_attempts_total{stage_type="shell",result="failed",cause="oom"} 1)"),
        std::string::npos);
  }
  EXPECT_NE(text.find(R"(version="1.2\"3\n")"), std::string::npos);
}

TEST(MetricsText, ClassesOfAHistogramAddUp) {
  const std::string text = metrics_text(some_values());
  EXPECT_NE(text.find(R"(cairn_http_request_duration_seconds_bucket{le="0.001"} 4)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(cairn_http_request_duration_seconds_bucket{le="0.01"} 5)"),
            std::string::npos);
  EXPECT_NE(text.find(R"(cairn_http_request_duration_seconds_bucket{le="+Inf"} 5)"),
            std::string::npos);
  EXPECT_NE(text.find("cairn_http_request_duration_seconds_count 5\n"), std::string::npos);
  EXPECT_NE(text.find("cairn_http_request_duration_seconds_sum 0.012\n"), std::string::npos);
  for (const char* line :
       {R"(_bucket{le="0.0001"} 1)", R"(_bucket{le="0.00025"} 2)", R"(_bucket{le="5.0"} 2)",
        R"(_bucket{le="+Inf"} 3)", "_sum 6.00021\n", "_count 3\n"}) {
    EXPECT_NE(text.find(std::string("cairn_journal_commit_duration_seconds") + line),
              std::string::npos)
        << line << "\n"
        << text;
  }
}

}  // namespace
}  // namespace cairn::api
