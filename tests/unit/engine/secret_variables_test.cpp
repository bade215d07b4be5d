#include "core/engine/secret_variables.h"

#include <gmock/gmock.h>

#include "tests/unit/engine/scheduler_tools.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

json::object secret(const char* reference) {
  return {{kSecretKey, reference}};
}

TEST(SecretVariables, AreThoseOfAllThatATaskMayBeGiven) {
  StageSpec spec = with_cells(stage("a"), 2);
  spec.params["deep"] = json::array{json::object{{"x", secret("env:DEEP")}}, secret("file:/f")};
  spec.cells->params["token"] = json::array{secret("env:ONE"), secret("env:TWO")};
  spec.watchdogs.emplace_back().params["token"] = secret("env:LATER");
  EXPECT_THAT(secret_variables(workflow({spec}), spec), ElementsAre("DEEP", "LATER", "ONE", "TWO"));
}

TEST(SecretVariables, OfAForeachAreAllThatItsWorkflowMayHandToIt) {
  WorkflowSpec all = workflow({stage("a")});
  all.params["token"] = secret("env:OF_WORKFLOW");
  EXPECT_THAT(secret_variables(all, all.stages[0]), IsEmpty());
  all.stages[0].foreach.emplace();
  EXPECT_THAT(secret_variables(all, all.stages[0]), ElementsAre("OF_WORKFLOW"));
}

TEST(SecretVariables, NoneNamesMoreThanOneVariable) {
  std::set<std::string> names;
  add_secret_variables(secret("env:*"), names);
  add_secret_variables(secret("env:AWS_*"), names);
  EXPECT_THAT(names, IsEmpty());
}

TEST(Scheduler, HostsAreStartedWithTheVariablesOfTheirSecretsAndSharedByThoseWithTheSame) {
  Lab lab;
  lab.config.totals.cpus = 1;
  lab.start();
  const auto with_secret = [](const char* name, const char* reference) {
    StageSpec spec = stage(name);
    spec.params["token"] = secret(reference);
    return spec;
  };
  StageSpec third = with_secret("c", "env:OTHER");
  third.after = {"b"};
  StageSpec second = with_secret("b", "env:TOKEN");
  second.after = {"a"};
  const auto run = lab.scheduler->submit(workflow({with_secret("a", "env:TOKEN"), second, third}),
                                         SubmitOptions{});
  ASSERT_TRUE(run.ok());
  lab.run_to_end(*run);
  ASSERT_EQ(status(lab, *run), "succeeded");
  std::vector<std::vector<std::string>> given;
  for (const HostRequest& request : lab.world.requests) given.push_back(request.secret_variables);
  EXPECT_THAT(given, ElementsAre(ElementsAre("TOKEN"), ElementsAre("OTHER")));
}

TEST(Scheduler, PrivilegesAreInheritedWhereThePolicyAllowsIt) {
  Lab lab;
  StageSpec spec = stage("a");
  spec.privileges = true;
  spec.where = {.file = "w.yaml", .line = 5, .column = 3};
  const auto refused = lab.scheduler->submit(workflow({spec}), SubmitOptions{});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(refused.error().where->line, 5);
  EXPECT_THAT(refused.error().message, HasSubstr("stage 'a' asks for privileges: inherit"));

  lab.config.privileges = true;
  lab.start();
  const auto run = lab.scheduler->submit(workflow({spec, stage("b")}), SubmitOptions{});
  ASSERT_TRUE(run.ok());
  lab.run_to_end(*run);
  std::vector<bool> given;
  for (const HostRequest& request : lab.world.requests) given.push_back(request.privileges);
  EXPECT_THAT(given, ElementsAre(true, false));
}

}  // namespace
}  // namespace cairn::testing
