// What stages find of the environment and the privileges of the engine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kCanaries = R"(cairn: 1
name: canaries
params:
  token: {type: secret, default: env:TEST_TOKEN}
stages:
  plain:
    uses: shell
    with: {run: "env; cat /proc/self/status"}
  knowing:
    uses: shell
    with: {run: "env", env: {WORD: "${params.token}"}}
  wordy: {uses: probe.environment}
)";

class Environment : public ::testing::Test {
 protected:
  std::string logs(const std::string& stage) {
    return place_.run({"logs", "@latest/" + stage}).out;
  }
  void run(const std::string& file) {
    const auto run = place_.run_json({"run", file, "-q"});
    ASSERT_EQ(status_of(run), "succeeded") << json::serialize(run);
  }

  const Place place_;
  const Setting canary_{"MY_CANARY", "tweet"};
  const Setting other_{"MY_OTHER", "chirp"};
  const Setting token_{"TEST_TOKEN", "sesame-open"};
  const Setting language_{"LC_TIME", "C.UTF-8"};
};

TEST_F(Environment, OfAStageIsTheLeastItNeeds) {
  place_.write("canaries.yaml", kCanaries);
  ASSERT_NO_FATAL_FAILURE(run("canaries.yaml"));
  EXPECT_THAT(logs("plain"), HasSubstr("LC_TIME=C.UTF-8"));
  EXPECT_THAT(logs("wordy"), HasSubstr("LC_TIME=C.UTF-8"));
  for (const char* stage : {"plain", "wordy"}) {
    EXPECT_THAT(logs(stage), HasSubstr("PATH="));
    for (const char* name : {"MY_CANARY", "MY_OTHER", "TEST_TOKEN"})
      EXPECT_THAT(logs(stage), Not(HasSubstr(name)));
  }
  // Only who is given the secret finds it.
  EXPECT_THAT(logs("knowing"), HasSubstr("TEST_TOKEN=***"));
  EXPECT_THAT(logs("knowing"), Not(HasSubstr("MY_CANARY")));
}

TEST_F(Environment, HasWhatTheOperatorNames) {
  place_.write("canaries.yaml", kCanaries);
  fs::create_directories(place_.folder() / "state");
  place_.write("state/config.yaml", "environment: [MY_CANARY]\n");
  ASSERT_NO_FATAL_FAILURE(run("canaries.yaml"));
  EXPECT_THAT(logs("plain"), HasSubstr("MY_CANARY=tweet"));
  EXPECT_THAT(logs("plain"), Not(HasSubstr("MY_OTHER")));
}

TEST_F(Environment, SetuidProgramsGainNothingUnlessStageAndOperatorSaySo) {
  place_.write("w.yaml", R"(cairn: 1
name: privileges
stages:
  plain: {uses: shell, with: {run: "grep NoNewPrivs /proc/self/status"}}
  asking: {uses: shell, privileges: inherit, with: {run: "grep NoNewPrivs /proc/self/status"}}
)");
  const Finished refused = place_.run({"run", "w.yaml"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("w.yaml:5:3"));
  EXPECT_THAT(refused.err, HasSubstr("stage 'asking' asks for privileges: inherit, which the "
                                     "policy here forbids"));
  place_.write("state/config.yaml", "policy: {privileges: inherit}\n");
  ASSERT_NO_FATAL_FAILURE(run("w.yaml"));
  EXPECT_THAT(logs("plain"), HasSubstr("NoNewPrivs:\t1"));
  EXPECT_THAT(logs("asking"), HasSubstr("NoNewPrivs:\t0"));
}

}  // namespace
}  // namespace cairn::e2e
