// `report`: what a run of the recipe achieved, as a page, as JSON and as a table.
#include "core/sdk/plugin.h"

#include "plugins/report/report.h"

namespace cairn::report {
namespace {

struct ReportStage : Stage {
  InputList<kind::Summary> summary{this, "summary", "Summaries of eval, in the recipe's order"};
  InputList<kind::Rollouts> rollouts{this, "rollouts", "Rollouts of RL stages, in order",
                                     Optional{}};
  Param<std::string> title{this, "title", "Post-training report", "Heading of the report"};
  Param<std::vector<std::string>> labels{this, "labels", std::vector<std::string>{},
                                         "Names of the summaries; empty: each summary's own name"};
  Param<std::vector<std::string>> rollout_labels{this, "rollout_labels", std::vector<std::string>{},
                                                 "Names of the rollouts; empty: RL 1, RL 2, ..."};
  Param<std::int64_t> resamples{this, "resamples", 2000,
                                "Bootstrap resamples of a paired difference", Range{100, 100000}};
  Output<kind::Report> report{this, "report", "Folder: index.html, report.json, report.txt"};
  Metric average{this, "average", "share", "Mean score of each summary, in their order"};

  Result<void> run(StageContext& ctx) override;

 private:
  Result<std::vector<Evaluation>> evaluations() const;
  Result<std::vector<Training>> trainings() const;
};

Result<void> check_labels(const char* param, const std::vector<std::string>& labels,
                          std::size_t artifacts) {
  if (labels.empty() || labels.size() == artifacts) return {};
  return invalid_argument("'" + std::string(param) + "' has " + std::to_string(labels.size()) +
                              " names for " + std::to_string(artifacts) + " artifacts",
                          "name each of them, in the order of the inputs, or none");
}

Result<std::vector<Evaluation>> ReportStage::evaluations() const {
  CAIRN_TRY(check_labels("labels", *labels, summary.paths().size()));
  std::vector<Evaluation> list;
  for (std::size_t i = 0; i < summary.paths().size(); ++i) {
    auto evaluation = read_evaluation(summary.paths()[i]);
    if (!evaluation.ok())
      return with_context(std::move(evaluation).error(), "summary " + std::to_string(i + 1));
    if (!labels->empty()) evaluation->name = (*labels)[i];
    list.push_back(std::move(*evaluation));
  }
  return list;
}

Result<std::vector<Training>> ReportStage::trainings() const {
  CAIRN_TRY(check_labels("rollout_labels", *rollout_labels, rollouts.paths().size()));
  std::vector<Training> list;
  for (std::size_t i = 0; i < rollouts.paths().size(); ++i) {
    auto training = read_training(rollouts.paths()[i]);
    if (!training.ok())
      return with_context(std::move(training).error(), "rollouts " + std::to_string(i + 1));
    training->name = rollout_labels->empty() ? "RL " + std::to_string(i + 1) : (*rollout_labels)[i];
    list.push_back(std::move(*training));
  }
  return list;
}

Result<void> ReportStage::run(StageContext& ctx) {
  CAIRN_ASSIGN(auto evaluated, evaluations());
  CAIRN_ASSIGN(auto trained, trainings());
  CAIRN_ASSIGN(auto paper, paper_from_text(paper_text()));
  const Report made = make_report(*title, std::move(evaluated), std::move(trained),
                                  std::move(paper), static_cast<int>(*resamples), ctx.seed());
  auto& files = real_file_system();
  const fs::path folder = report.path();
  CAIRN_TRY(files.make_directories(folder));
  CAIRN_TRY(files.write_atomic(folder / "index.html", render_html(made)));
  CAIRN_TRY(files.write_atomic(folder / "report.json", pretty_json(to_json(made))));
  CAIRN_TRY(files.write_atomic(folder / "report.txt", render_text(made)));
  for (std::size_t i = 0; i < made.evaluations.size(); ++i)
    average.record(ctx, static_cast<std::int64_t>(i), made.evaluations[i].average.mean);
  return {};
}

// Two evaluations of the same two items, and one step of training.
Result<void> prepare(SelfTest& test) {
  FileSystem& files = real_file_system();
  for (const int score : {0, 1}) {
    const fs::path path = test.folder() / ("summary-" + std::to_string(score) + ".json");
    const json::array interval{0, 1};
    CAIRN_TRY(files.write_atomic(
        path, json::serialize(json::object{
                  {"name", "eval"},
                  {"n", 2},
                  {"average", 0.5},
                  {"ci95", interval},
                  {"tasks", {{"reading", {{"n", 2}, {"mean", 0.5}, {"ci95", interval}}}}},
                  {"well_formed", 1},
                  {"abstentions", 0},
                  {"seed", 0},
                  {"items", json::array{{{"id", "a"}, {"task", "reading"}, {"score", score}},
                                        {{"id", "b"}, {"task", "reading"}, {"score", 1 - score}}}},
              })));
    test.input("summary", path);
  }
  const fs::path rollouts = test.folder() / "rollouts";
  CAIRN_TRY(files.make_directories(rollouts));
  CAIRN_TRY(files.write_atomic(rollouts / "steps.jsonl",
                               json::serialize(json::object{{"step", 1},
                                                            {"reward_mean", 0.25},
                                                            {"entropy", 0.5},
                                                            {"length_mean", 7},
                                                            {"overlong", 0},
                                                            {"masking", false},
                                                            {"update", "applied"}}) +
                                   "\n"));
  test.input("rollouts", rollouts).param("labels", json::array{"before", "after"});
  return {};
}

}  // namespace
}  // namespace cairn::report

CAIRN_PLUGIN(cairn::stage_type<cairn::report::ReportStage>(
                 "report", "Tables, curves and paired intervals of a run, as page and as text")
                 .random()
                 .self_test(cairn::report::prepare))
