// Stages in other languages, run by `cairn` as a user runs them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/e2e/cairn_process.h"
#include "tests/unit/exec/exec_document.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const json::object& stage_named(const json::value& run, const std::string& name) {
  for (const auto& stage : run.as_object().at("stages").as_array())
    if (stage.as_object().at("name").as_string() == name) return stage.as_object();
  throw std::out_of_range("no stage " + name);
}

std::string digest_of(const json::value& run, const std::string& output) {
  for (const auto& [name, digest] : digests(run))
    if (name == output) return digest;
  return "";
}

TEST(Exec, TheWorkflowOfTheDocumentRuns) {
  const Place place;
  for (const char* name : {"words.yaml", "plain.py", "module.py"})
    place.write(name, testing::file_of_document(name));
  const auto run = place.run_json({"run", "words.yaml", "-q"});
  ASSERT_EQ(status_of(run), "succeeded") << json::serialize(run);
  EXPECT_NE(digest_of(run, "plain/sum"), "");
  EXPECT_EQ(digest_of(run, "plain/sum"), digest_of(run, "module/sum"));
}

TEST(Exec, TheExampleScoresAndFilters) {
  const Place place;
  const std::string example = CAIRN_SOURCE_DIR "/workflows/examples/06-python-stage.yaml";
  const auto run = place.run_json({"run", example, "-q"});
  ASSERT_EQ(status_of(run), "succeeded") << json::serialize(run);
  const auto& score = stage_named(run, "score");
  const auto& progress = score.at("progress").as_object();
  EXPECT_EQ(progress.at("done"), progress.at("total"));
  EXPECT_EQ(score.at("metrics").as_object().at("kept").to_number<double>(), 60);
  EXPECT_THAT(place.run({"logs", "@latest/score"}).out, HasSubstr("kept 60 of 240 responses"));

  const auto stricter = place.run_json({"run", example, "-q", "--set", "least=0.9"});
  ASSERT_EQ(status_of(stricter), "succeeded");
  EXPECT_TRUE(stage_named(stricter, "responses").at("cached").as_bool());
  EXPECT_EQ(digest_of(stricter, "score/scores"), digest_of(run, "score/scores"));
  EXPECT_NE(digest_of(stricter, "score/kept"), digest_of(run, "score/kept"));
}

constexpr const char* kGated = R"(cairn: 1
name: gated
stages:
  walk:
    uses: exec
    with:
      command: [python3, walk.py]
      files: [walk.py]
      params: {gates: GATES}
      outputs: {total: file}
)";

// Says how far it is with files, and waits behind each checkpoint until it may go on.
constexpr const char* kWalk = R"(
import os, select, sys
import cairn_stage

stage = cairn_stage.Stage()
total = stage.resume_state or 0
for step in range(stage.resume_step or 0, 4):
    total += stage.random("walk", step).randrange(1000)
    stage.checkpoint(step + 1, total)
    open(os.path.join(stage.params["gates"], "reached-%d" % (step + 1)), "w").close()
    while not os.path.exists(os.path.join(stage.params["gates"], "go-%d" % (step + 1))):
        if stage.cancelled:
            sys.exit()
        select.select([], [], [], 0.01)
with open(stage.output("total"), "w") as out:
    print(total, file=out)
)";

class Gates {
 public:
  explicit Gates(const Place& place) : place_(place), folder_(place.folder() / "gates") {
    fs::create_directory(folder_);
    std::string text = kGated;
    text.replace(text.find("GATES"), 5, folder_.string());
    place.write("gated.yaml", text);
    place.write("walk.py", kWalk);
  }
  void open(int from, int to) const {
    for (int step = from; step <= to; ++step) place_.write("gates/go-" + std::to_string(step), "");
  }
  [[nodiscard]] fs::path reached(int step) const {
    return folder_ / ("reached-" + std::to_string(step));
  }
  [[nodiscard]] bool await(int step) const {
    return wait_until([&] { return fs::exists(reached(step)); });
  }

 private:
  const Place& place_;
  fs::path folder_;
};

// Kills or interrupts a run behind its second checkpoint; returns the digest of the resumed one.
std::string resumed_after(int signal, int exit_code) {
  const Place place;
  const Gates gates(place);
  Running first(place, {"run", "gated.yaml"});
  gates.open(1, 1);
  EXPECT_TRUE(gates.await(2)) << first.err();
  if (signal == SIGKILL)
    for (const pid_t host : place.hosts()) ::kill(host, SIGKILL);
  first.signal(signal);
  EXPECT_EQ(first.wait().exit_code, exit_code);
  fs::remove(gates.reached(1));
  gates.open(2, 4);
  const auto resumed = place.run_json({"resume", "@latest", "-q"});
  EXPECT_EQ(status_of(resumed), "succeeded") << json::serialize(resumed);
  EXPECT_FALSE(fs::exists(gates.reached(1))) << "the steps before the checkpoint ran again";
  return digest_of(resumed, "walk/total");
}

TEST(Exec, ARunThatWasKilledOrInterruptedEndsWithTheSameBytes) {
  const Place place;
  const Gates gates(place);
  gates.open(1, 4);
  const auto whole = place.run_json({"run", "gated.yaml", "-q"});
  ASSERT_EQ(status_of(whole), "succeeded") << json::serialize(whole);
  const std::string expected = digest_of(whole, "walk/total");
  EXPECT_EQ(resumed_after(SIGKILL, -1), expected);
  EXPECT_EQ(resumed_after(SIGINT, 130), expected);
}

TEST(Exec, ASecretReachesTheProgramAndNoMessage) {
  const Place place;
  const Setting secret("CAIRN_TEST_TOKEN", "hunter2-secret");
  place.write("secret.yaml", R"(cairn: 1
name: secret
params:
  token: {type: secret, default: env:CAIRN_TEST_TOKEN}
stages:
  bad:
    uses: exec
    with:
      command: [sh, -c, "read -r start <&3; echo $start; printf '%190s%s' x $TOKEN >&4"]
      params: {token: "${params.token}"}
      env: {TOKEN: "${params.token}"}
  failed:
    uses: exec
    with:
      command: [sh, -c, "echo '{\"type\":\"error\",\"message\":\"'$TOKEN'\"}' >&4; echo $TOKEN; exit 3"]
      env: {TOKEN: "${params.token}"}
)");
  const Finished finished = place.run({"run", "secret.yaml", "-q", "-o", "json"});
  // Cut short where the secret stands.
  EXPECT_THAT(finished.out, HasSubstr("line 1 of the program's messages"));
  EXPECT_THAT(finished.out, HasSubstr("exit code 3: ***"));
  EXPECT_THAT(finished.out, Not(HasSubstr("hunter2")));
  const std::string logs = place.run({"logs", "@latest/bad"}).out;
  EXPECT_THAT(logs, HasSubstr("\"token\":\"***\""));
  EXPECT_THAT(logs, Not(HasSubstr("hunter2")));
}

TEST(Exec, MistakesAreFoundBeforeAnythingStarts) {
  const Place place;
  place.write("wrong.yaml", R"(cairn: 1
name: wrong
stages:
  a:
    uses: exec
    with: {comand: [x], files: [absent.py], channel: pipe, outputs: {kept: ../qa}}
)");
  const Finished finished = place.run({"validate", "wrong.yaml"});
  EXPECT_EQ(finished.exit_code, 3);
  for (const char* text : {"did you mean 'command'?", "absent.py", "'channel'", "'../qa'"})
    EXPECT_THAT(finished.out + finished.err, HasSubstr(text));
}

}  // namespace
}  // namespace cairn::e2e
