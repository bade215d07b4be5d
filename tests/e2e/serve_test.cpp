// A server and its clients: submit, wait, share one state folder, die and come back.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <memory>

#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

constexpr const char* kEndless = R"(cairn: 1
name: endless
stages:
  wait: {uses: shell, with: {run: "tail -f /dev/null"}}
)";

TEST(Serve, ServesSubmissionsAndEndsWithZeroWhenNothingGoesOn) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  Server server(place, {"-o", "json"});
  const Finished waited = place.run({"submit", hello, "--wait"});
  EXPECT_EQ(waited.exit_code, 0) << waited.err;
  const std::string id = first_line(waited.out);
  EXPECT_EQ(status_of(place.run_json({"get", id})), "succeeded");
  const auto named = place.run_json({"submit", hello, "--name", "other", "--priority", "3"});
  EXPECT_EQ(named.as_object().at("name").as_string(), "other");
  const auto watched = place.run_json({"submit", hello, "--wait"});
  EXPECT_EQ(status_of(watched), "succeeded") << "one document, the run's";
  ASSERT_TRUE(becomes(place, "other", "succeeded"));
  EXPECT_EQ(place.run_json({"get", "other"}).as_object().at("priority"), json::value(3));

  const Finished ended = server.stop(SIGINT);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const json::value ready = json::parse(ended.out);
  EXPECT_EQ(ready.as_object().at("pid").to_number<pid_t>(), server.process().pid());
  EXPECT_TRUE(ready.as_object().contains("socket"));
}

TEST(Serve, ARequestIdMakesOneRunHoweverOftenItIsSent) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  std::string id;
  for (int life = 0; life < 2; ++life) {
    Server server(place);
    for (int i = 0; i < 2; ++i) {
      const Finished sent = place.run({"submit", hello, "--request-id", "nightly-7"});
      EXPECT_EQ(sent.exit_code, 0) << sent.err;
      if (id.empty()) id = sent.out;
      EXPECT_EQ(sent.out, id);
    }
    server.stop();
  }
  EXPECT_EQ(place.run_json({"list"}).as_array().size(), 1U);
}

TEST(Serve, OneServerAFolderAndNoneIsUnreachable) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  const Finished alone = place.run({"submit", hello});
  EXPECT_EQ(alone.exit_code, 5);
  EXPECT_NE(alone.err.find("cairn serve"), std::string::npos) << alone.err;
  EXPECT_EQ(place.run({"pause", "hello"}).exit_code, 5);

  Server server(place);
  const Finished second = place.run({"serve"});
  EXPECT_EQ(second.exit_code, 8);
  EXPECT_NE(second.err.find(std::to_string(server.process().pid())), std::string::npos)
      << second.err;
  const Finished run = place.run({"run", hello});
  EXPECT_EQ(run.exit_code, 8);
  EXPECT_NE(run.err.find("cairn submit"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("serve"), std::string::npos) << "names the holder";
  EXPECT_EQ(place.run({"submit", "nowhere.yaml"}).exit_code, 4);
  EXPECT_EQ(place.run({"submit", place.write("empty.yaml", "").string()}).exit_code, 3);
}

TEST(Serve, WaitEndsWithTheRunOrItsTime) {
  const Place place;
  Server server(place);
  const auto endless = place.write("endless.yaml", kEndless).string();
  const Finished late = place.run({"submit", endless, "--wait", "--wait-timeout", "300ms"});
  EXPECT_EQ(late.exit_code, 7) << late.err;
  EXPECT_EQ(place.run({"watch", "endless", "--wait-timeout", "100ms"}).exit_code, 7);
  Running waiting(place, {"watch", "endless"});
  EXPECT_EQ(place.run({"cancel", "endless"}).exit_code, 0);
  EXPECT_EQ(waiting.wait().exit_code, 6);
  const Finished failed = place.run(
      {"submit", "--wait",
       place.write("f.yaml", "cairn: 1\nstages: {a: {uses: shell, with: {run: \"exit 3\"}}}\n")
           .string()});
  EXPECT_EQ(failed.exit_code, 1);
}

TEST(Serve, AServerKilledTwiceAdoptsItsHostsAndLosesNoStep) {
  const Place place;
  const Gates gates(place);
  auto server = std::make_unique<Server>(place);
  ASSERT_EQ(
      place.run({"submit", place.write("walk.yaml", walk_workflow(gates)).string()}).exit_code, 0);
  for (int step = 0; step < 2; ++step) {
    ASSERT_TRUE(gates.reached(step));
    const auto hosts = place.hosts();
    server->stop(SIGKILL);
    EXPECT_EQ(place.hosts(), hosts) << "hosts outlive their engine";
    EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "interrupted");
    server = std::make_unique<Server>(place);
    EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "running");
    gates.open("go-" + std::to_string(step));
  }
  gates.open("go");
  ASSERT_TRUE(becomes(place, "walk", "succeeded"));
  EXPECT_EQ(stage_of(place.run_json({"get", "walk"}), 0).at("attempts"), json::value(1));
}

TEST(Serve, ASignalInterruptsRunsAndResumeGoesThroughTheNextServer) {
  const Place place;
  const Gates gates(place);
  auto server = std::make_unique<Server>(place);
  ASSERT_EQ(
      place.run({"submit", place.write("walk.yaml", walk_workflow(gates)).string()}).exit_code, 0);
  for (const char* gate : {"go-0", "go-1", "go-2"}) gates.open(gate);
  ASSERT_TRUE(gates.reached(3));
  EXPECT_EQ(server->stop(SIGTERM).exit_code, 130);
  EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
  EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "interrupted");

  server = std::make_unique<Server>(place);
  EXPECT_EQ(status_of(place.run_json({"get", "walk"})), "interrupted") << "a person decides";
  const auto preview = place.run_json({"resume", "walk", "--dry-run"});
  EXPECT_EQ(stage_of(preview, 0).at("action").as_string(), "continue");
  EXPECT_EQ(stage_of(preview, 0).at("step"), json::value(3));
  EXPECT_EQ(stage_of(preview, 1).at("action").as_string(), "run");
  gates.open("go");
  const Finished resumed = place.run({"resume", "walk"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_NE(resumed.out.find("succeeded"), std::string::npos);
  EXPECT_EQ(place.run({"resume", "walk", "--wait-timeout", "60s"}).exit_code, 0)
      << "nothing is left to do";
}

TEST(Serve, ManyClientsAtOnce) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  Server server(place);
  std::vector<std::unique_ptr<Running>> clients;
  for (int i = 0; i < 100; ++i) {
    clients.push_back(std::make_unique<Running>(
        place, std::vector<std::string>{"submit", hello, "--wait", "--request-id",
                                        "job-" + std::to_string(i / 2)}));
  }
  for (const auto& client : clients) {
    const Finished finished = client->wait();
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
  }
  EXPECT_EQ(place.run_json({"list"}).as_array().size(), 50U);
}

TEST(Serve, APluginThatOthersMayChangeIsNotRun) {
  const Place place;
  const auto file =
      place.write("count.yaml", "cairn: 1\nname: c\nstages: {a: {uses: probe.count}}");
  fs::permissions(place.folder() / "plugins/probe.so", fs::perms::group_write,
                  fs::perm_options::add);
  const Finished warned = place.run({"run", file.string()});
  EXPECT_EQ(warned.exit_code, 0) << warned.err;
  EXPECT_NE(warned.err.find("its group may write"), std::string::npos) << warned.err;
  const Server server(place);
  const Finished refused = place.run({"submit", file.string(), "-q"});
  EXPECT_EQ(refused.exit_code, 2) << refused.out;
  EXPECT_NE(refused.err.find("chmod g-w"), std::string::npos) << refused.err;
}

// Killed at moments that lie all over its life: no run, or the one that was asked for.
TEST(Serve, AClientThatGoesAwayLeavesAWholeRunOrNone) {
  const Place place;
  std::string text = "cairn: 1\nname: many\nstages:\n";
  for (int i = 0; i < 300; ++i) text += "  s" + std::to_string(i) + ": {uses: noop}\n";
  const auto file = place.write("many.yaml", text).string();
  Server server(place);
  const std::vector<std::string> submit{"submit", file, "--wait", "-q", "--request-id", "the-one"};
  for (int i = 0; i < 20; ++i) {
    Running client(place, submit);
    pass(std::chrono::milliseconds(3 * i));
    client.signal(SIGKILL);
    client.wait();
  }
  const Finished whole = place.run(submit);
  EXPECT_EQ(whole.exit_code, 0) << whole.err;
  const auto rows = place.run_json({"list"});
  ASSERT_EQ(rows.as_array().size(), 1U);
  EXPECT_EQ(status_of(rows.as_array()[0]), "succeeded");
}

TEST(Serve, TheConfigurationIsReadAndWrongOnesAreRefused) {
  const Place place;
  const auto hello = place.write("hello.yaml", kHelloWorkflow).string();
  place.write("state/config.yaml", "pools: {licences: 1}\nfree_space: 1Mi\n");
  EXPECT_EQ(place.run({"run", hello, "-q"}).exit_code, 0);
  place.write("state/config.yaml", "pool: {licences: 1}\n");
  const Finished refused = place.run({"serve"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("did you mean 'pools'?"), std::string::npos) << refused.err;
}

TEST(Serve, NotifyIsTold) {
  const Place place;
  const auto file = place.write("told.yaml", R"(cairn: 1
name: told
notify: {on: [failed, finished], run: 'echo "$CAIRN_NAME $CAIRN_STATUS" >> )" +
                                                 (place.folder() / "heard").string() + R"('}
stages:
  a: {uses: shell, with: {run: "exit 3"}}
)");
  EXPECT_EQ(place.run({"run", file.string(), "-q"}).exit_code, 1);
  std::ifstream heard(place.folder() / "heard");
  std::string line;
  std::getline(heard, line);
  EXPECT_EQ(line, "told failed");
}

}  // namespace
}  // namespace cairn::e2e
