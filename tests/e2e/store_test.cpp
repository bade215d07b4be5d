// What lies in the folders: artifacts, garbage, backups, checks, replays.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

std::string read(const fs::path& path) {
  return real_file_system().read(path).value();
}

void damage(const fs::path& path) {
  fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
  std::ofstream(path, std::ios::binary) << "damaged";
}

std::vector<std::string> unfit(const Place& place, std::vector<std::string> options = {}) {
  options.insert(options.begin(), "doctor");
  std::vector<std::string> names;
  const auto document = place.run_json(options);
  for (const auto& value : document.as_object().at("checks").as_array()) {
    const auto& check = value.as_object();
    if (check.at("status").as_string() == "failed" && check.at("name").as_string() != "BLAS")
      names.emplace_back(check.at("name").as_string());
  }
  return names;
}

class Store : public ::testing::Test {
 protected:
  void SetUp() override {
    file_ = place_.write("hello.yaml", kHelloWorkflow).string();
    run_ = place_.run_json({"run", file_, "-q"});
    ASSERT_EQ(status_of(run_), "succeeded");
    path_ = text(place_.run({"artifacts", "path", "hello/shout/loud"}).out);
  }
  static std::string text(const std::string& line) { return line.substr(0, line.find('\n')); }
  Place place_;
  std::string file_;
  json::value run_;
  fs::path path_;
};

TEST_F(Store, ArtifactsAreFoundAndExported) {
  EXPECT_EQ(read(path_), "HELLO\n");
  const fs::path copy = place_.folder() / "mine/loud.txt";
  EXPECT_EQ(place_.run({"artifacts", "export", "hello/shout/loud", copy.string()}).exit_code, 0);
  EXPECT_EQ(read(copy), "HELLO\n");
  std::ofstream(copy) << "mine";
  EXPECT_EQ(read(copy), "mine") << "the copy is its owner's to change";
  EXPECT_EQ(place_.run({"artifacts", "export", "hello/shout/loud", copy.string()}).exit_code, 8);
  EXPECT_EQ(place_.run({"artifacts", "path", "hello/shout/quiet"}).exit_code, 4);
  EXPECT_EQ(place_.run({"artifacts", "path", "hello/shout"}).exit_code, 2);
  EXPECT_EQ(place_.run({"artifacts", "list", "-o", "name"}).out, "greet/text\nshout/loud\n");
}

TEST_F(Store, GarbageIsWhatNothingNames) {
  EXPECT_EQ(place_.run_json({"artifacts", "gc"}).as_object().at("artifacts").as_array().size(), 0U);
  EXPECT_EQ(place_.run({"delete", "hello"}).exit_code, 0);
  const auto kept = place_.run_json({"artifacts", "gc"}).as_object();
  EXPECT_EQ(kept.at("kept_because").as_object().at("cached"), json::value(2))
      << "the cache still knows them";
  const auto plan = place_.run_json({"artifacts", "gc", "--quota", "1", "--dry-run"}).as_object();
  EXPECT_EQ(plan.at("artifacts").as_array().size(), 2U);
  EXPECT_TRUE(fs::exists(path_));
  const Finished freed = place_.run({"artifacts", "gc", "--quota", "1"});
  EXPECT_EQ(freed.exit_code, 0) << freed.err;
  EXPECT_FALSE(fs::exists(path_));
  const auto again = place_.run_json({"run", file_, "-q"});
  EXPECT_EQ(status_of(again), "succeeded");
  EXPECT_FALSE(stage_of(again, 0).at("cached").as_bool());
  EXPECT_EQ(place_.run({"artifacts", "gc", "--keep-best", "loss"}).exit_code, 2);
}

TEST_F(Store, GarbageIsCollectedWhileTasksRun) {
  const Gates gates(place_);
  Server server(place_);
  expect_done(place_.run({"submit", place_.write("walk.yaml", walk_workflow(gates)).string()}));
  ASSERT_TRUE(gates.reached(0));
  // What a host says to be publishing is on its way to become a result.
  const fs::path greeting = text(place_.run({"artifacts", "path", "hello/greet/text"}).out);
  const fs::path host = fs::directory_iterator(place_.state() / "store/hosts")->path();
  std::ofstream(host / "claims") << "sha256:" << greeting.parent_path().filename().string()
                                 << greeting.filename().string() << "\n";
  const auto plan = place_.run_json({"artifacts", "gc", "--dry-run"}).as_object();
  EXPECT_TRUE(plan.at("resumable").as_array().empty()) << "the walk has no results yet";
  ASSERT_EQ(place_.run({"delete", "hello"}).exit_code, 0);
  const auto first = place_.run_json({"artifacts", "gc", "--quota", "1"}).as_object();
  EXPECT_EQ(first.at("artifacts").as_array().size(), 1U);
  EXPECT_EQ(first.at("kept_because").as_object().at("in_use"), json::value(1));
  EXPECT_TRUE(fs::exists(greeting));
  EXPECT_FALSE(fs::exists(path_));
  gates.open("go");
  ASSERT_TRUE(becomes(place_, "walk", "succeeded"));
  expect_done(place_.run({"artifacts", "gc"}));
  EXPECT_FALSE(fs::exists(greeting));
  EXPECT_EQ(unfit(place_), std::vector<std::string>());
}

// A folder that knows half of the runs does not know what is garbage.
TEST_F(Store, ADryRunSaysWhatStaysResumable) {
  const auto file = place_.write("broken.yaml", R"(cairn: 1
name: broken
stages:
  make: {uses: shell, with: {run: "echo 12345 > t; echo 1 > u", outputs: {text: t, more: u}}}
  check: {uses: shell, inputs: {text: make.text}, with: {run: "false"}}
)");
  const auto run = place_.run_json({"run", file.string(), "-q"});
  ASSERT_EQ(status_of(run), "failed");
  const auto resumable = [&] {
    return place_.run_json({"artifacts", "gc", "--quota", "1", "--dry-run"})
        .as_object()
        .at("resumable")
        .as_array();
  };
  const auto& id = run.as_object().at("id");
  EXPECT_EQ(
      resumable(),
      (json::array{json::object{{"run", id}, {"artifacts", 2}, {"bytes", 8}, {"missing", 0}}}));
  const Finished shown = place_.run({"artifacts", "gc", "--quota", "1", "--dry-run"});
  EXPECT_NE(shown.out.find("STAYS RESUMABLE"), std::string::npos) << shown.out;
  expect_done(place_.run({"artifacts", "gc", "--quota", "1"}));
  const auto plan = place_.run_json({"resume", "broken", "--dry-run"});
  EXPECT_EQ(stage_of(plan, 0).at("action").as_string(), "reuse");
  fs::remove(text(place_.run({"artifacts", "path", "broken/make/more"}).out));
  EXPECT_EQ(
      resumable(),
      (json::array{json::object{{"run", id}, {"artifacts", 1}, {"bytes", 6}, {"missing", 1}}}));
}

TEST_F(Store, NothingIsCollectedFromAStoreOfTwo) {
  const Place other;
  const std::string store = (place_.state() / "store").string();
  const auto theirs = other.run_json({"run", other.write("hello.yaml", kHelloWorkflow).string(),
                                      "--seed", "2", "--store-dir", store, "-q"});
  ASSERT_EQ(status_of(theirs), "succeeded");
  const Finished refused = place_.run({"artifacts", "gc", "--quota", "1"});
  EXPECT_EQ(refused.exit_code, 8);
  EXPECT_NE(refused.err.find(other.state().string()), std::string::npos) << refused.err;
  EXPECT_EQ(place_.run({"replay", "hello/greet"}).exit_code, 0);
  fs::remove_all(other.state());
  expect_done(place_.run({"artifacts", "gc"}));
  EXPECT_EQ(std::distance(fs::directory_iterator(fs::path(store) / "users"), {}), 1);
}

TEST_F(Store, ABackupOfAServedFolderIsRestoredElsewhere) {
  const Gates gates(place_);
  Server server(place_);
  expect_done(place_.run({"submit", place_.write("walk.yaml", walk_workflow(gates)).string()}));
  ASSERT_TRUE(gates.reached(0));
  const std::string folder = (place_.folder() / "backup").string();
  const Finished made = place_.run({"backup", folder, "--artifacts"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(place_.run({"backup", folder}).exit_code, 8);
  EXPECT_EQ(place_.run({"restore", folder}).exit_code, 8) << "the folder has a store";
  gates.open("go");

  const Place other;
  const Finished restored = other.run({"restore", folder});
  ASSERT_EQ(restored.exit_code, 0) << restored.err;
  const auto hello = other.run_json({"get", "hello"});
  EXPECT_EQ(digests(hello), digests(run_));
  EXPECT_EQ(status_of(other.run_json({"get", "walk"})), "interrupted");
  EXPECT_EQ(unfit(other), std::vector<std::string>());
  EXPECT_EQ(read(text(other.run({"artifacts", "path", "hello/shout/loud"}).out)), "HELLO\n");
  const Place third;
  EXPECT_EQ(third.run({"restore", (place_.folder() / "nothing").string()}).exit_code, 4);
}

TEST_F(Store, DoctorFindsWhatIsDamagedLostOrNobodys) {
  EXPECT_EQ(unfit(place_), std::vector<std::string>());
  damage(path_);
  EXPECT_EQ(unfit(place_, {"--quick"}), std::vector<std::string>()) << "reads no bytes";
  EXPECT_EQ(unfit(place_), std::vector<std::string>{"artifacts"});
  EXPECT_EQ(place_.run({"doctor"}).exit_code, 1);
  const Finished mended = place_.run({"resume", "hello", "-q"});
  EXPECT_EQ(mended.exit_code, 0) << mended.err;
  EXPECT_EQ(unfit(place_), std::vector<std::string>());
  fs::permissions(path_.parent_path(), fs::perms::owner_all);
  fs::remove(path_);
  EXPECT_EQ(unfit(place_, {"--quick"}), std::vector<std::string>{"artifacts"});
  fs::create_directories(place_.state() / "store/runs/stranger");
  EXPECT_NE(place_.run({"doctor"}).out.find("stranger"), std::string::npos);
}

// A host keeps what it spooled until an engine has read it: one that dies with its engine cannot
// clean up, and the next engine knows no task of it.
TEST_F(Store, WhatHostsLeftThatDiedAtRestIsRemoved) {
  const fs::path left = place_.state() / "store/hosts";
  const auto file = place_.write("new.yaml", R"(cairn: 1
name: new
defaults: {cache: false}
stages: {one: {uses: shell, with: {run: "true"}}}
)");
  const auto die_at_rest = [&] {
    Server server(place_);
    expect_done(place_.run({"submit", file.string(), "--wait"}));
    ASSERT_FALSE(fs::is_empty(left));
    server.stop(SIGKILL);
    for (const pid_t host : place_.hosts()) ::kill(host, SIGKILL);
    ASSERT_TRUE(wait_until([&] { return place_.hosts().empty(); }));
    ASSERT_FALSE(fs::is_empty(left));
  };
  die_at_rest();
  fs::create_directories(left / "of-another-engine");
  Server(place_).stop();
  const auto only_the_stranger = [&] {
    return std::distance(fs::directory_iterator(left), {}) == 1 &&
           fs::exists(left / "of-another-engine");
  };
  EXPECT_TRUE(only_the_stranger());
  die_at_rest();
  ASSERT_EQ(place_.run({"delete", "new"}).exit_code, 0);
  EXPECT_NE(place_.run({"doctor"}).out.find("hosts that are no more"), std::string::npos);
  expect_done(place_.run({"artifacts", "gc"}));
  EXPECT_TRUE(only_the_stranger());
}

TEST_F(Store, ReplayMakesTheSameBytesOrSaysWhichDiffer) {
  const Finished same = place_.run({"replay", "hello/shout"});
  EXPECT_EQ(same.exit_code, 0) << same.err << same.out;
  EXPECT_NE(same.out.find("the same bytes"), std::string::npos) << same.out;
  EXPECT_EQ(place_.run_json({"list"}).as_array().size(), 1U) << "it leaves no run behind";

  const auto file = place_.write("random.yaml", R"(cairn: 1
name: random
stages:
  drawn:
    uses: shell
    matrix: {n: [1, 2]}
    with: {run: "date +%s%N > t; echo ${matrix.n} > u", outputs: {time: t, number: u}}
)");
  ASSERT_EQ(place_.run({"run", file.string(), "-q"}).exit_code, 0);
  const Finished differs = place_.run({"replay", "random/drawn[n=2]", "-o", "json"});
  EXPECT_EQ(differs.exit_code, 1) << differs.err;
  const auto document = json::parse(differs.out).as_object();
  EXPECT_FALSE(document.at("equal").as_bool());
  EXPECT_EQ(place_.run({"replay", "random/drawn[n=2]", "-o", "name"}).out, "time\n");
  EXPECT_EQ(place_.run({"replay", "random/drawn"}).exit_code, 4);
}

TEST_F(Store, ATaskOfARunThatGoesOnIsReplayed) {
  const Gates gates(place_);
  Server server(place_, {"--cpus", "1"});
  const auto file = place_.write("long.yaml", R"(cairn: 1
name: long
stages:
  made: {uses: shell, with: {run: "echo 1 > t", outputs: {text: t}}}
  walk: {uses: probe.count, after: [made], with: {steps: 2, gates: ")" +
                                                  gates.path() + R"("}}
)");
  expect_done(place_.run({"submit", file.string()}));
  ASSERT_TRUE(gates.reached(0));
  const Finished replayed = place_.run({"replay", "long/made", "--cpus", "1"});
  EXPECT_EQ(replayed.exit_code, 0) << replayed.err;
  gates.open("go");
  EXPECT_TRUE(becomes(place_, "long", "succeeded"));
}

}  // namespace
}  // namespace cairn::e2e
