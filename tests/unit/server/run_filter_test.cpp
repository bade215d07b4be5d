#include "core/server/run_filter.h"

#include <gtest/gtest.h>

namespace cairn {
namespace {

RunRow row(const std::string& status = "failed") {
  RunRow row;
  row.id = "1m8ch5cj5ddbk";
  row.name = "qwenlong-mini";
  row.workflow = "workflows/mini.yaml";
  row.labels = {{"team", "Core"}, {"paper", "L1.5"}};
  row.status = status;
  row.created_at = parse_rfc3339("2026-11-26T12:00:00Z").value();
  return row;
}

bool takes(const v1::ListRequest& request, const RunRow& row) {
  const auto filter = read_filter(request);
  EXPECT_TRUE(filter.ok());
  return filter.ok() && filter->takes(row);
}

TEST(RunFilter, StatusesAreOneOrSeveralOrAllBut) {
  const auto wanted = [](const std::string& text, const std::string& status) {
    return StatusFilter::parse(text)->takes(status);
  };
  EXPECT_TRUE(wanted("", "failed"));
  EXPECT_TRUE(wanted("failed", "failed"));
  EXPECT_FALSE(wanted("failed", "running"));
  EXPECT_TRUE(wanted("failed,running", "running"));
  EXPECT_FALSE(wanted("!failed,running", "running"));
  EXPECT_TRUE(wanted("!succeeded", "running"));
}

TEST(RunFilter, TasksMayBeKnownFromTheCache) {
  const auto wanted = [](const std::string& text, bool cached) {
    return StatusFilter::parse_of_tasks(text)->takes("succeeded", cached);
  };
  EXPECT_TRUE(wanted("cached", true));
  EXPECT_FALSE(wanted("cached", false));
  EXPECT_TRUE(wanted("succeeded", true));
  EXPECT_FALSE(wanted("!cached", true));
  EXPECT_TRUE(wanted("!cached", false));
  EXPECT_TRUE(wanted("failed,cached", true));
  // A run is not.
  EXPECT_FALSE(StatusFilter::parse("cached").ok());
}

TEST(RunFilter, NamesTheNearestStatus) {
  const auto wrong = StatusFilter::parse("faild");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().hint.find("'failed'"), std::string::npos);
  for (const char* text : {"!", ",", "failed,", " failed", "FAILED"})
    EXPECT_FALSE(StatusFilter::parse(text).ok()) << text;
}

TEST(RunFilter, EveryConditionMustHold) {
  v1::ListRequest request;
  EXPECT_TRUE(takes(request, row()));
  request.set_name("qwenlong-mini");
  request.set_workflow("workflows/mini.yaml");
  request.add_label("team=Core");
  request.add_label("paper=L1.5");
  request.set_created_after("2026-11-26T11:59:59Z");
  request.set_created_before("2026-11-26T12:00:01Z");
  request.set_q("QWEN");
  EXPECT_TRUE(takes(request, row()));
  request.add_label("paper=L1");
  EXPECT_FALSE(takes(request, row()));
}

TEST(RunFilter, SearchesNameIdAndLabelsWhateverTheirCase) {
  for (const char* q : {"mini", "MINI", "1m8ch", "team=core", "l1.5"}) {
    v1::ListRequest request;
    request.set_q(q);
    EXPECT_TRUE(takes(request, row())) << q;
  }
  v1::ListRequest request;
  request.set_q("workflows/");
  EXPECT_FALSE(takes(request, row()));
}

TEST(RunFilter, RefusesWhatIsNoLabelOrNoTime) {
  v1::ListRequest label;
  label.add_label("team");
  EXPECT_FALSE(read_filter(label).ok());
  v1::ListRequest time;
  time.set_created_after("yesterday");
  EXPECT_FALSE(read_filter(time).ok());
}

TEST(RunFilter, ACursorIsGoodForItsFiltersAlone) {
  const std::string cursor = make_cursor("1m8ch5cj5ddbk", "status=failed");
  EXPECT_EQ(read_cursor(cursor, "status=failed").value(), "1m8ch5cj5ddbk");
  EXPECT_FALSE(read_cursor(cursor, "status=running").ok());
  for (const char* wrong : {"", ".", "abc", "1m8ch5cj5ddbk.", ".0123456789abcdef"})
    EXPECT_FALSE(read_cursor(wrong, "status=failed").ok()) << wrong;
}

}  // namespace
}  // namespace cairn
