// Commands that are sent again, requests made from a run, and what a whole run logged.
#include <set>

#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

// A question first, so that a run can be paused, answered and cancelled at leisure.
constexpr const char* kAsks = R"(cairn: 1
name: asks
stages:
  first:
    uses: shell
    cache: false
    approval: Shall it begin?
    with: {run: "echo first"}
  second:
    uses: shell
    cache: false
    after: [first]
    approval: And go on?
    with: {run: "echo second"}
)";

std::string key(const std::string& name) {
  return "Idempotency-Key: " + name + "\r\n";
}

std::size_t events_of(const Web& web, const std::string& run, const std::string& type) {
  std::size_t count = 0;
  const json::object journal = web.document("/runs/" + run + "/events?limit=10000");
  for (const json::value& event : journal.at("events").as_array())
    count += event.at("type").as_string() == type ? 1 : 0;
  return count;
}

TEST(WebCommands, ThatAreSentAgainHaveTheirEffectOnceAlsoOverARestart) {
  const Place place;
  auto web = std::make_unique<Web>(place);
  const std::string run = web->submit(kAsks);
  const std::string root = "/api/v1/runs/" + run;
  ASSERT_TRUE(wait_until(
      [&] { return web->document("/runs/" + run).at("status").as_string() == "waiting"; }));
  // Paused, and gone on with by somebody else: the pause that comes again changes nothing.
  const json::object pause{{"expect", "waiting"}};
  EXPECT_EQ(web->post(root + "/pause", pause, key("p1")).status, 200);
  EXPECT_EQ(web->post(root + "/unpause", json::object{}).status, 200);
  const Reply again = web->post(root + "/pause", pause, key("p1"));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(again.json().at("status").as_string(), "waiting");
  EXPECT_EQ(events_of(*web, run, "run_paused"), 2U);
  // The same key with another command, or with another request.
  EXPECT_EQ(web->post(root + "/unpause", pause, key("p1")).status, 422);
  EXPECT_EQ(web->post(root + "/pause", json::object{}, key("p1")).status, 422);

  const json::object answer{{"stage", "first"}};
  EXPECT_EQ(web->post(root + "/approve", answer, key("a1")).status, 200);
  ASSERT_TRUE(wait_until([&] { return events_of(*web, run, "approval_asked") == 2; }));
  EXPECT_EQ(web->post(root + "/approve", answer, key("a1")).status, 200);
  // Without the key it is refused: nobody asks any more.
  EXPECT_EQ(web->post(root + "/approve", answer).status, 409);
  EXPECT_EQ(web->post(root + "/cancel", json::object{}, key("c1")).status, 200);
  ASSERT_EQ(web->await(run).at("status").as_string(), "cancelled");

  web->process().signal(9);
  (void)web->process().wait();
  web = std::make_unique<Web>(place);
  for (const auto& [command, body, name] :
       {std::tuple("/pause", pause, "p1"), std::tuple("/approve", answer, "a1"),
        std::tuple("/cancel", json::object{}, "c1")}) {
    const Reply reply = web->post(root + command, body, key(name));
    EXPECT_EQ(reply.status, 200) << command << reply.body;
    EXPECT_EQ(reply.json().at("status").as_string(), "cancelled") << command;
  }
  EXPECT_EQ(web->post(root + "/cancel", json::object{}, key("c2")).status, 409);
  EXPECT_EQ(events_of(*web, run, "approval_given"), 1U);
  EXPECT_EQ(events_of(*web, run, "stop_requested"), 1U);

  // A revision is made once, and told as it was planned.
  const json::object from{{"from", "first"}};
  const Reply resumed = web->post(root + "/resume", from, key("r1"));
  ASSERT_EQ(resumed.status, 200) << resumed.body;
  web->process().signal(9);
  (void)web->process().wait();
  web = std::make_unique<Web>(place);
  const Reply told = web->post(root + "/resume", from, key("r1"));
  EXPECT_EQ(told.status, 200);
  EXPECT_EQ(told.body, resumed.body);
  EXPECT_EQ(events_of(*web, run, "run_resumed"), 1U);
  EXPECT_EQ(web->post(root + "/resume", json::object{}, key("r1")).status, 422);
  EXPECT_EQ(web->post(root + "/cancel", json::object{}).status, 200);
  (void)web->await(run);
}

// Relative paths are those of the file that the run was started with.
TEST(WebCommands, AWorkflowTakenFromARunFindsItsFiles) {
  const Place place;
  const std::string text =
      "cairn: 1\nname: near\nparams:\n  data: {type: path, default: rows.txt, description: Rows}\n"
      "stages:\n  read:\n    uses: shell\n    with: {run: 'cat \"${params.data}\"'}\n"
      "  take:\n    uses: shell\n    inputs: {}\n    with: {run: 'true'}\n";
  (void)place.write("far/rows.txt", "rows\n");
  const fs::path file = place.write("far/near.yaml", text);
  ASSERT_EQ(place.run({"run", file.string(), "-q"}).exit_code, 0);
  const Web web(place);
  const std::string run(web.document("/runs/@latest").at("id").as_string());
  const auto value_of = [&](const json::object& request) {
    const Reply reply = web.post("/api/v1/workflows/validate", request);
    EXPECT_EQ(reply.status, 200) << reply.body;
    const json::object found = reply.json();
    return std::string(found.at("params").at(0).at("value").as_string());
  };
  const std::string there = (place.folder() / "far" / "rows.txt").string();
  EXPECT_EQ(value_of({{"workflow", text}, {"from_run", run}}), there);
  EXPECT_NE(value_of({{"workflow", text}}), there);
  EXPECT_EQ(value_of({{"workflow", text}, {"from_run", run}, {"params", {{"data", "more.txt"}}}}),
            (place.folder() / "far" / "more.txt").string());
  EXPECT_EQ(
      web.post("/api/v1/workflows/validate", {{"workflow", text}, {"from_run", "nobody"}}).status,
      404);
  const Reply submitted =
      web.post("/api/v1/runs", {{"workflow", text}, {"from_run", run}, {"name", "again"}});
  ASSERT_EQ(submitted.status, 201) << submitted.body;
  EXPECT_EQ(web.await(std::string(submitted.json().at("id").as_string())).at("status").as_string(),
            "succeeded");
}

TEST(WebCommands, AFormNeedsNoYaml) {
  const Place place;
  const Web web(place);
  const std::string text = R"(cairn: 1
name: form
params:
  n: {type: int, default: 3, min: 1, max: 9, description: How many}
  size: {type: bytes, default: 2Ki}
  how: {type: enum, values: [fast, slow], default: fast}
  key: {type: secret, default: "env:NOBODY"}
  must: {type: string}
stages:
  make:
    uses: shell
    with: {run: "echo ${params.n} ${params.must}"}
  each:
    uses: shell
    matrix: {k: [1, 2]}
    with: {run: "echo ${matrix.k}"}
)";
  const auto checked = [&](const json::object& request, const std::string& path) {
    const Reply reply = web.post("/api/v1/workflows/" + path, request);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return reply.json();
  };
  // Declared right, though a value is missing.
  const json::object incomplete = checked({{"workflow", text}}, "validate");
  EXPECT_FALSE(incomplete.at("valid").as_bool());
  const json::array& params = incomplete.at("params").as_array();
  ASSERT_EQ(params.size(), 5U);
  EXPECT_EQ(json::serialize(params[0]),
            R"({"name":"n","type":"int","doc":"How many","required":false,"default":3,"value":3,)"
            R"("min":1E0,"max":9E0,"file":"workflow.yaml","line":4,"column":3})");
  EXPECT_EQ(params[1].at("default").as_string(), "2Ki");
  EXPECT_EQ(params[1].at("value").as_int64(), 2048);
  EXPECT_EQ(json::serialize(params[2].at("values")), R"(["fast","slow"])");
  EXPECT_EQ(params[3].at("default").as_string(), "env:NOBODY");
  EXPECT_TRUE(params[4].at("required").as_bool());
  EXPECT_FALSE(params[4].as_object().contains("value"));
  const json::object plan =
      checked({{"workflow", text}, {"params", {{"must", "x"}, {"n", 4}}}}, "plan");
  EXPECT_EQ(plan.at("params").at(0).at("value").as_int64(), 4);
  EXPECT_EQ(plan.at("declared_stages").at(0).at("line").as_int64(), 10);
  EXPECT_TRUE(plan.at("declared_stages").at(0).at("params").as_object().contains("run"));
  const json::object& shell = plan.at("stage_types").at("shell").as_object();
  EXPECT_FALSE(shell.at("doc").as_string().empty());
  EXPECT_FALSE(shell.at("params").at(0).at("doc").as_string().empty());

  const Reply submitted =
      web.post("/api/v1/runs", {{"workflow", text}, {"params", {{"must", "x"}, {"n", 4}}}});
  ASSERT_EQ(submitted.status, 201) << submitted.body;
  const std::string run(submitted.json().at("id").as_string());
  (void)web.await(run);
  const json::object workflow = web.document("/runs/" + run + "/workflow");
  EXPECT_EQ(workflow.at("declared").at(0).at("value").as_int64(), 4);
  EXPECT_EQ(workflow.at("declared").at(4).at("value").as_string(), "x");
  EXPECT_TRUE(workflow.at("stage_types").as_object().contains("shell"));
  // A task has what its stage's tasks share, too.
  const json::object task = web.document("/runs/" + run + "/stages/each%5Bk%3D1%5D");
  EXPECT_TRUE(task.at("params").as_object().contains("run"));
  EXPECT_TRUE(task.at("params").as_object().contains("outputs"));
}

TEST(WebCommands, WhatARunLoggedIsOneLog) {
  const Place place;
  const Web web(place);
  const std::string say = place
                              .write("say.py",
                                     "import cairn_stage\n"
                                     "stage = cairn_stage.Stage()\n"
                                     "for word in stage.params['words']: stage.log(word)\n")
                              .string();
  const std::string with = "{command: [python3, say.py], files: [" + say + "], params: {words: ";
  const std::string run = web.submit(
      "cairn: 1\nname: talk\nstages:\n"
      "  first:\n    uses: exec\n    with: " +
      with +
      "[one, ONE more]}}\n"
      "  each:\n    uses: exec\n    matrix: {k: [1, 2]}\n    after: [first]\n    with: " +
      with + "['two ${matrix.k}', last]}}\n");
  (void)web.await(run);
  const json::object all = web.document("/runs/" + run + "/log");
  EXPECT_TRUE(all.at("at_begin").as_bool());
  EXPECT_TRUE(all.at("at_end").as_bool());
  EXPECT_FALSE(all.at("going_on").as_bool());
  std::set<std::string> tasks;
  std::string last;
  for (const json::value& line : all.at("items").as_array()) {
    tasks.emplace(line.at("task").as_string());
    EXPECT_GE(std::string(line.at("time").as_string()), last);
    last = line.at("time").as_string();
  }
  EXPECT_EQ(tasks, (std::set<std::string>{"each[k=1]", "each[k=2]", "first"}));
  // Backwards, a line at a time, to the beginning.
  std::vector<std::string> texts;
  std::string cursor;
  for (std::size_t i = 0; i <= all.at("items").as_array().size(); ++i) {
    std::string path = "/runs/" + run + "/log?backwards=true&limit=1&cursor=";
    for (const char letter : cursor) path += letter == ' ' ? '+' : letter;
    const json::object page = web.document(path);
    if (page.at("at_begin").as_bool() && page.at("items").as_array().empty()) break;
    texts.insert(texts.begin(), std::string(page.at("items").at(0).at("text").as_string()));
    cursor = page.at("previous").as_string();
  }
  ASSERT_EQ(texts.size(), all.at("items").as_array().size());
  for (std::size_t i = 0; i < texts.size(); ++i)
    EXPECT_EQ(texts[i], all.at("items").at(i).at("text").as_string());
  // Of one stage, and of one task.
  for (const char* wanted : {"each", "each%5Bk%3D2%5D"}) {
    const json::object some = web.document("/runs/" + run + "/log?stage=" + wanted);
    EXPECT_EQ(some.at("items").as_array().size(), std::string(wanted) == "each" ? 4U : 2U);
    for (const json::value& line : some.at("items").as_array())
      EXPECT_EQ(line.at("stage").as_string(), "each");
  }
  EXPECT_EQ(web.get("/api/v1/runs/" + run + "/log?stage=eech").status, 404);
  EXPECT_EQ(web.get("/api/v1/runs/" + run + "/log?cursor=nonsense").status, 400);
  const json::object found = web.document("/runs/" + run + "/log/search?q=one");
  ASSERT_EQ(found.at("hits").as_array().size(), 2U);
  EXPECT_EQ(json::serialize(found.at("hits").at(1).at("columns")), "[[0,3]]");
  EXPECT_EQ(found.at("hits").at(0).at("task").as_string(), "first");
  EXPECT_TRUE(web.document("/runs/" + run + "/log/search?q=nowhere").at("next").is_null());
}

}  // namespace
}  // namespace cairn::e2e
