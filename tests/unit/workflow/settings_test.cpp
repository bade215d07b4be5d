// What stages and workflows have beside their work: limits, failures, approval, secrets.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using testing::check_text;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::messages;
using ::testing::Not;
using testing::TempFolder;

constexpr const char* kEverything = R"(cairn: 1
params:
  name: {type: string, default: "it's; rm"}
pools: {gpus: 4, licences: "${2 + 1}"}
notify: {on: [failed, waiting], run: 'mail "${params.name}" "${run.id}"'}
defaults:
  retry: {oom: 5}
  resources: {pools: {licences: 1}}
stages:
  clean: {uses: shell, with: {run: "true"}}
  late: {uses: shell, with: {run: "true"}, on_failure: [clean, clean]}
  train:
    uses: train
    inputs: {dataset: documents.documents}
    with: {steps: 3}
    approval: train ${params.name}?
    on_failure: clean
    retry: {max_attempts: 2, timeout: 3, crash: 4, error: 1}
    resources: {pools: {gpus: 2}}
    watchdogs:
      - {metric: loss, when: not_finite}
      - {metric: reward/mean, when: below, limit: 0.1, points: 5, action: roll_back, most: 3,
         set: {max_input_tokens: 1k}}
  documents: {uses: corpus, approval: true}
  more: {uses: corpus, approval: false}
)";

TEST(Settings, EverythingIsRead) {
  const auto checked = check_text(kEverything);
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const WorkflowSpec& spec = *checked.spec;
  EXPECT_EQ(spec.pools, (std::map<std::string, int>{{"gpus", 4}, {"licences", 3}}));
  EXPECT_TRUE(spec.notify.failed && spec.notify.waiting && !spec.notify.finished);
  EXPECT_EQ(spec.notify.run,
            "CAIRN_VALUE_PARAMS_NAME='it'\\''s; rm'\nmail \"${CAIRN_VALUE_PARAMS_NAME}\" "
            "\"${CAIRN_RUN_ID}\"");
  const StageSpec& train = *spec.find("train");
  EXPECT_EQ(train.approval, "train it's; rm?");
  EXPECT_EQ(train.retry.max_attempts, 2);
  EXPECT_EQ(train.retry.by_cause,
            (std::map<std::string, int>{{"oom", 5}, {"timeout", 3}, {"crash", 4}, {"error", 1}}));
  EXPECT_EQ(train.resources.pools, (std::map<std::string, int>{{"gpus", 2}}));
  EXPECT_EQ(spec.find("documents")->resources.pools, (std::map<std::string, int>{{"licences", 1}}));
  EXPECT_EQ(spec.find("documents")->approval, "Start 'documents'?");
  EXPECT_FALSE(spec.find("more")->approval);
  ASSERT_EQ(train.watchdogs.size(), 2u);
  EXPECT_EQ(train.watchdogs[0].when, WatchdogSpec::When::kNotFinite);
  EXPECT_EQ(train.watchdogs[0].action, WatchdogSpec::Action::kStop);
  const WatchdogSpec& reward = train.watchdogs[1];
  EXPECT_EQ(reward.metric, "reward/mean");
  EXPECT_EQ(reward.when, WatchdogSpec::When::kBelow);
  EXPECT_EQ(reward.limit, 0.1);
  EXPECT_EQ(reward.points, 5);
  EXPECT_EQ(reward.action, WatchdogSpec::Action::kRollBack);
  EXPECT_EQ(reward.params, (json::object{{"max_input_tokens", 1000}}));
  EXPECT_EQ(reward.most, 3);
  // A handler stands behind all that it handles.
  EXPECT_THAT(spec.find("clean")->handles, ElementsAre("late", "train"));
  EXPECT_GT(spec.find("clean"), &train);

  auto read = workflow_spec_from_json(to_json(spec));
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(to_json(*read), to_json(spec));
}

// Journals of older versions have none of the newer members.
TEST(Settings, JsonWithoutThemGivesDefaults) {
  const auto checked = check_text("cairn: 1\nstages:\n  a: {uses: corpus}\n");
  ASSERT_TRUE(checked.spec);
  const json::object object = to_json(*checked.spec);
  for (const char* key : {"pools", "notify"}) EXPECT_FALSE(object.contains(key)) << key;
  const json::object& stage = object.at("stages").as_array().at(0).as_object();
  for (const char* key :
       {"cells", "foreach", "max_parallel", "approval", "handles", "watchdogs", "when"})
    EXPECT_FALSE(stage.contains(key)) << key;
  EXPECT_FALSE(stage.at("retry").as_object().contains("by_cause"));
  EXPECT_FALSE(stage.at("resources").as_object().contains("pools"));
  EXPECT_TRUE(workflow_spec_from_json(object).ok());
}

TEST(Settings, BrokenCellsAreRefused) {
  const json::object columns{{"labels", json::array{"a", "b"}},
                             {"params", json::object{{"x", json::array{1}}}}};
  EXPECT_EQ(cells_from_json(columns).error().message, "the column 'x' has 1 entries for 2 tasks");
}

TEST(Secrets, TravelAsReferences) {
  TempFolder folder;
  const std::string text = R"(cairn: 1
params:
  token: {type: secret}
  file: {type: secret, default: file:keys/token}
stages:
  a: {uses: corpus, with: {sources: [{key: "${params.token}"}]}}
  s: {uses: shell, with: {run: 'curl -H "Bearer ${params.file}" "${params.token}"'}}
  t: {uses: import, with: {path: w.txt, kind: file}}
)";
  folder.write("w.txt", "");
  const auto checked = check_text(text, {"token=env:TOKEN"}, folder.path());
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const json::object token{{"$secret", "env:TOKEN"}};
  const json::object file{{"$secret", "file:" + (folder.path() / "keys/token").string()}};
  EXPECT_EQ(checked.spec->params.at("token"), json::value(token));
  EXPECT_EQ(checked.spec->find("a")->params.at("sources").at(0).at("key"), json::value(token));
  EXPECT_EQ(checked.spec->find("s")->params.at("env"),
            (json::value{{"CAIRN_VALUE_PARAMS_FILE", file}, {"CAIRN_VALUE_PARAMS_TOKEN", token}}));
}

TEST(Secrets, WhatStandsInTheirPlaceIsNeverShown) {
  const std::string text = R"(cairn: 1
params:
  token: {type: secret}
stages:
  a: {uses: corpus}
)";
  const auto shown = [&](const std::string& set) {
    return check_text(text, {set}).diagnostics.to_text();
  };
  EXPECT_THAT(shown("token=hunter2"),
              HasSubstr("the value of the secret 'token' must be env:NAME"));
  EXPECT_THAT(shown("token=hunter2"), Not(HasSubstr("hunter2")));
  EXPECT_THAT(shown("tokn=hunter2"), HasSubstr("did you mean 'token'?"));
  EXPECT_THAT(shown("tokn=hunter2"), Not(HasSubstr("hunter2")));
  TempFolder folder;
  WorkflowRequest request;
  request.file = folder.write("w.yaml", text);
  request.params_file = folder.write("values.yaml", "token: hunter2\n");
  const auto checked = check_workflow(request, testing::sample_registry());
  ASSERT_TRUE(checked.ok());
  EXPECT_FALSE(checked->spec);
  EXPECT_THAT(checked->diagnostics.to_text(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(json::serialize(checked->diagnostics.to_json()), Not(HasSubstr("hunter2")));
}

TEST(Secrets, AreTakenByTextParameters) {
  ParamDecl decl;
  decl.name = "key";
  const json::object secret{{"$secret", "env:TOKEN"}};
  EXPECT_EQ(*canonical_param(decl, secret), json::value(secret));
  decl.type = ParamType::kList;
  decl.element.emplace_back();
  EXPECT_TRUE(canonical_param(decl, json::array{"a", secret}).ok());
  decl.type = ParamType::kInt;
  EXPECT_EQ(canonical_param(decl, secret).error().message,
            "parameter 'key' must be an integer, not a secret");
  decl.type = ParamType::kPath;
  EXPECT_FALSE(canonical_param(decl, secret).ok());
  decl.type = ParamType::kString;
  decl.choices = {"a"};
  EXPECT_FALSE(canonical_param(decl, secret).ok());
}

TEST(Params, RequiredIsTheSameAsNoDefault) {
  const std::string text =
      "cairn: 1\nparams: {n: {type: int, required: true}}\nstages:\n  a: {uses: corpus, with: "
      "{min_chars: '${params.n}'}}\n";
  EXPECT_THAT(messages(check_text(text)),
              ElementsAre("2:10 missing_parameter parameter 'n' has no default and no value is "
                          "given"));
  const auto checked = check_text(text, {"n=4"});
  ASSERT_TRUE(checked.spec);
  EXPECT_EQ(checked.spec->stages[0].params.at("min_chars"), json::value(4));
}

TEST(Settings, OutputsOfATaskStayInItsFolder) {
  EXPECT_THAT(messages(check_text("cairn: 1\nstages:\n  a:\n    uses: shell\n"
                                  "    matrix: {n: [x, ../x]}\n"
                                  "    with: {run: 'true', outputs: {o: '${matrix.n}'}}\n")),
              ElementsAre("6:38 invalid_value the output 'o' must be a relative path inside the "
                          "stage's folder, not \"../x\" (task n=../x)"));
}

}  // namespace
}  // namespace cairn
