#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "plugins/report/numbers.h"
#include "plugins/report/plots.h"
#include "tests/unit/report/samples.h"

namespace cairn::report {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Le;
using ::testing::Not;

Report sample_report() {
  return make_report(
      "A <title>",
      {sample_evaluation("warm-up", 2), sample_evaluation("RL 1", 6), sample_evaluation("RL 2", 6)},
      {sample_training("RL 1"), sample_training("RL 2")}, sample_paper(), 1000, 3);
}

TEST(Numbers, AreWrittenTheSameEverywhere) {
  EXPECT_EQ(percent(0.4523), "45.2");
  EXPECT_EQ(points(0.031), "+3.1");
  EXPECT_EQ(points(-0.031), "-3.1");
  EXPECT_EQ(points(-0.0001), "+0.0");
  EXPECT_EQ(clip("größer", 4), "grö…");
  EXPECT_EQ(clip("größer", 6), "größer");
}

TEST(Numbers, TicksAreRoundAndCover) {
  EXPECT_THAT(ticks_over(0.3, 9.7, 5).values, ElementsAre(0, 2, 4, 6, 8, 10));
  const auto flat = ticks_over(0.5, 0.5, 4);
  EXPECT_LT(flat.values.front(), 0.5);
  EXPECT_GT(flat.values.back(), 0.5);
  EXPECT_EQ(ticks_over(0, 0.4, 4).decimals, 1);
}

TEST(Markup, EscapesWhatCouldBreakOut) {
  EXPECT_EQ(escape("<a href=\"x\">'&'</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
  EXPECT_EQ(escape(std::string_view("\x01", 1)), "\\x01");
}

TEST(Curves, MeansAreCutAtTheEnds) {
  EXPECT_THAT(centred_mean({1, 2, 6, 3}, 1), ElementsAre(1.5, 3, 11.0 / 3, 4.5));
}

TEST(TextReport, IsTheGoldenTable) {
  auto report = sample_report();
  for (auto* list : {&report.from_previous, &report.from_first})
    for (auto& difference : *list) difference.low = difference.high = difference.mean;
  EXPECT_EQ(render_text(report), R"(A <title>

Held-out score, percent [95 % interval]

stage     n            average  multihop  choice
------------------------------------------------
warm-up  10  20.0 [10.0, 30.0]      20.0    20.0
RL 1     10  60.0 [50.0, 70.0]      60.0    60.0
RL 2     10  60.0 [50.0, 70.0]      60.0    60.0

Differences on the same items, points [95 % interval]; * the interval leaves out 0

stage                     items  points        interval
----------------------------------------------------------
against the stage before
RL 1                         10   +40.0  [+40.0, +40.0]  *
RL 2                         10    +0.0    [+0.0, +0.0]
against warm-up
RL 2                         10   +40.0  [+40.0, +40.0]  *

Training: means over the first > last fifth of the steps

stage  steps  updates         reward  entropy, nats       tokens  overlong %
----------------------------------------------------------------------------
RL 1      10        9  0.150 > 0.950  0.470 > 0.310  21.5 > 29.5        10.0
RL 2      10        9  0.150 > 0.950  0.470 > 0.310  21.5 > 29.5        10.0

The paper's Table 10 (arXiv 0000.00000): another model, other data; not comparable

stage    Avg  MRCR
------------------
Base   61.92     -
)");
}

TEST(TextReport, StaysWithinAHundredColumns) {
  auto report = sample_report();
  for (auto& evaluation : report.evaluations) {
    evaluation.name = std::string(80, 'n');
    for (int i = 0; i < 20; ++i)
      evaluation.tasks["a_task_with_a_long_name_" + std::to_string(i)] = {7, 0.5, 0.25, 0.75};
  }
  report.paper = paper_from_text(paper_text()).value();
  const std::string text = render_text(report);
  for (const auto line : split(text, '\n')) EXPECT_THAT(width_of(line), Le(100u)) << line;
}

TEST(HtmlReport, EscapesEveryName) {
  auto report = sample_report();
  const std::string evil = "</td><script>x('\"&')</script>";
  report.title = evil;
  for (auto& evaluation : report.evaluations) {
    evaluation.name = evil;
    evaluation.tasks[evil] = {7, 0.5, 0.25, 0.75};
  }
  for (auto& training : report.trainings) training.name = evil;
  for (auto* list : {&report.from_previous, &report.from_first, &report.by_task})
    for (auto& difference : *list) difference.from = difference.to = difference.task = evil;
  report.paper.title = report.paper.arxiv = evil;
  report.paper.tables[0] = {evil, evil, {evil}, {{evil, {1.0}}}, evil};
  EXPECT_THAT(render_html(report), Not(HasSubstr("<script")));
}

TEST(HtmlReport, AsksNothingFromElsewhere) {
  const std::string html = render_html(sample_report());
  for (const char* request : {"http:", "https:", "src=", "url(", "@import", "<link", "<script"})
    EXPECT_THAT(html, Not(HasSubstr(request)));
}

TEST(HtmlReport, TellsThePaperApart) {
  const std::string html = render_html(sample_report());
  const auto ours = html.find("Results after each stage");
  const auto apart = html.find("Another model, other data.");
  ASSERT_NE(ours, std::string::npos);
  ASSERT_NE(apart, std::string::npos);
  EXPECT_LT(ours, apart);
  EXPECT_GT(html.find("61.92"), apart);
}

TEST(Report, IsTheSameBytesAgain) {
  EXPECT_EQ(render_html(sample_report()), render_html(sample_report()));
  EXPECT_EQ(pretty_json(to_json(sample_report())), pretty_json(to_json(sample_report())));
}

TEST(Report, NeedsNoRolloutsAndNoSecondSummary) {
  const auto report = make_report("t", {sample_evaluation("only", 4)}, {}, sample_paper(), 100, 1);
  EXPECT_EQ(report.overall(), nullptr);
  EXPECT_THAT(render_html(report), HasSubstr("Held-out average 40.0 % over 10 items."));
  EXPECT_THAT(render_text(report), Not(HasSubstr("Training")));
}

TEST(Report, AnEmptyTrainingDrawsNoCurve) {
  const auto report = make_report("t", {sample_evaluation("only", 4)}, {Training{"RL 1", {}}},
                                  sample_paper(), 100, 1);
  EXPECT_THAT(render_html(report), Not(HasSubstr("polyline class")));
  EXPECT_THAT(render_text(report), HasSubstr("RL 1"));
}

TEST(Report, NamesThatRepeatGetANumber) {
  const auto report = make_report("t", {sample_evaluation("eval", 4), sample_evaluation("eval", 5)},
                                  {}, sample_paper(), 100, 1);
  EXPECT_EQ(report.evaluations[1].name, "eval (2)");
  EXPECT_EQ(report.from_previous[0].to, "eval (2)");
}

}  // namespace
}  // namespace cairn::report
