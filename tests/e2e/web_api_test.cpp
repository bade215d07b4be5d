// The API against its own document: what it answers, what it refuses, who may ask.
#include <sys/stat.h>

#include <map>
#include <random>

#include "tests/e2e/openapi_check.h"
#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

constexpr const char* kWorkflow = R"(cairn: 1
name: parts
labels: {team: core}
params:
  n: {type: int, default: 3, description: how many}
stages:
  make:
    uses: shell
    with:
      run: 'echo "{\"id\": \"a\", \"n\": ${params.n}}" > rows.jsonl; echo made'
      outputs: {rows: rows.jsonl}
  each:
    uses: shell
    matrix: {k: [1, 2]}
    inputs: {rows: make.rows}
    with: {run: 'cat "$CAIRN_INPUT_ROWS"'}
  breaks:
    uses: shell
    after: [make]
    with: {run: "echo oh no >&2; exit 3"}
  after:
    uses: shell
    after: [breaks]
    with: {run: "true"}
)";

std::string encoded(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if (std::isalnum(byte) != 0 || letter == '-' || letter == '_' || letter == '.') {
      out += letter;
    } else {
      char hex[4];
      std::snprintf(hex, sizeof hex, "%%%02X", byte);
      out += hex;
    }
  }
  return out;
}

using Known = std::map<std::string, std::string>;

// The path with its {names} filled in; nothing where one is not known.
std::optional<std::string> filled(const Operation& operation, const Known& known) {
  std::string path = operation.path;
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{')) {
    const std::size_t close = path.find('}', open);
    const auto value = known.find(path.substr(open + 1, close - open - 1));
    if (value == known.end()) return std::nullopt;
    path.replace(open, close - open + 1, encoded(value->second));
  }
  return path;
}

std::string with_query(std::string path, const Operation& operation, const Known& known) {
  char sign = '?';
  for (const json::object* parameter : operation.parameters("query")) {
    const json::value* required = parameter->if_contains("required");
    if (required == nullptr || !required->as_bool()) continue;
    const auto value = known.find(std::string(parameter->at("name").as_string()));
    path += sign + std::string(parameter->at("name").as_string()) + "=" +
            encoded(value == known.end() ? "x" : value->second);
    sign = '&';
  }
  return path;
}

class WebApi : public ::testing::Test {
 protected:
  WebApi() : web_(place_) {
    run_ = web_.submit(kWorkflow);
    (void)web_.await(run_);
    api_ = web_.document("/openapi.json");
    operations_ = operations_of(api_);
    known_ = {{"run", run_},      {"other", run_},  {"stage", "make"}, {"stage_type", "shell"},
              {"output", "rows"}, {"name", "loss"}, {"kind", "table"}, {"offset", "0"},
              {"row", "0"},       {"sample", "a"},  {"step", "0"},     {"q", "made"},
              {"id", "nobody"}};
    const json::object artifacts = web_.document("/runs/" + run_ + "/artifacts");
    if (!artifacts.at("artifacts").as_array().empty())
      known_["digest"] = artifacts.at("artifacts").at(0).at("digest").as_string();
  }

  Place place_;
  Web web_;
  std::string run_;
  json::object api_;
  std::vector<Operation> operations_;
  Known known_;
};

TEST_F(WebApi, AnswersAreWhatItsDocumentSays) {
  std::size_t checked = 0;
  for (const Operation& operation : operations_) {
    const json::value* schema = operation.answer_schema();
    if (operation.method != "GET" || schema == nullptr) continue;
    for (const char* stage : {"make", "each", "each[k=1]", "breaks", "after"}) {
      Known known = known_;
      known["stage"] = stage;
      const auto path = filled(operation, known);
      ASSERT_TRUE(path) << operation.path;
      const Reply reply = web_.get(with_query(*path, operation, known));
      ASSERT_LT(reply.status, 500) << operation.path << ": " << reply.body;
      if (reply.status != operation.status()) {
        // A stage of many tasks, no rollouts, no such record: told as a problem.
        EXPECT_EQ(reply.header("Content-Type"), "application/problem+json") << operation.path;
        continue;
      }
      for (const std::string& breach : schema_breaches(api_, *schema, reply.json()))
        ADD_FAILURE() << operation.path << " of " << stage << ": " << breach;
      ++checked;
    }
  }
  EXPECT_GT(checked, 80U);
}

TEST_F(WebApi, WhatChangesAnswersAsItsDocumentSays) {
  const auto check = [&](const std::string& name, const Reply& reply) {
    for (const Operation& operation : operations_) {
      if (operation.declared->at("operationId").as_string() != name) continue;
      EXPECT_EQ(reply.status, operation.status()) << name << ": " << reply.body;
      for (const std::string& breach :
           schema_breaches(api_, *operation.answer_schema(), reply.json()))
        ADD_FAILURE() << name << ": " << breach;
    }
    return reply;
  };
  const std::string root = "/api/v1/runs/" + run_;
  check("Validate", web_.post("/api/v1/workflows/validate", {{"workflow", kWorkflow}}));
  check("Validate", web_.post("/api/v1/workflows/validate", {{"workflow", "cairn: 2"}}));
  check("Plan", web_.post("/api/v1/workflows/plan",
                          {{"workflow", kWorkflow}, {"params", {{"n", 4}}}, {"seed", 7}}));
  check("Resume", web_.post(root + "/resume", {{"dry_run", true}}));
  const Reply rerun =
      check("Rerun", web_.post(root + "/rerun", {{"from", "each"}, {"dry_run", true}}));
  const json::value first = rerun.json().at("stages").at(0);
  EXPECT_EQ(first.at("action").as_string(), "reuse");
  EXPECT_GT(first.at("saved").at("seconds").to_number<double>(), 0) << "what it took to make it";
  check("Fork", web_.post(root + "/fork", {{"stage", "make"}, {"dry_run", true}}));
  const Reply again =
      check("Rerun", web_.post(root + "/rerun", {{"from", "each"}}, "Idempotency-Key: r1\r\n"));
  const std::string made(again.json().at("id").as_string());
  EXPECT_EQ(
      web_.post(root + "/rerun", {{"from", "each"}}, "Idempotency-Key: r1\r\n").json().at("id"),
      json::value(made));
  (void)web_.await(made);
  check("CollectGarbage", web_.post("/api/v1/artifacts/gc", {{"dry_run", true}}));
  const Reply token = check("CreateToken", web_.post("/api/v1/tokens", {{"label", "ann"}}));
  EXPECT_EQ(token.status, 201);
  check("Delete", web_.ask("DELETE /api/v1/runs/" + made, web_.bearer()));
}

TEST_F(WebApi, APluginThatWasCheckedSaysSo) {
  const auto check_of = [&](const std::string& type) {
    const json::object plugin = web_.document("/plugins/" + type);
    const json::value* check = plugin.if_contains("check");
    return check == nullptr ? json::value() : *check;
  };
  EXPECT_TRUE(check_of("noop").is_null());
  const Finished done =
      place_.run({"plugins", "check", CAIRN_BINARY_DIR "/plugins/noop.so", "-o", "json"});
  EXPECT_EQ(done.exit_code, 0) << done.out;
  const json::value told = check_of("noop");
  ASSERT_TRUE(told.is_object());
  EXPECT_EQ(told.at("passed"), true);
  EXPECT_GT(told.at("checks").to_number<int>(), 3);
  EXPECT_TRUE(check_of("shell").is_null()) << "another library";
}

TEST_F(WebApi, EveryRouteAsksForAToken) {
  const std::vector<std::string> wrong = {
      "",
      "Authorization: Bearer nothing\r\n",
      "Authorization: Bearer \r\n",
      "Authorization: Bearer\r\n",
      "Authorization: Basic " + web_.token() + "\r\n",
      "Authorization: Bearer " + web_.token().substr(1) + "\r\n",
      "Authorization: Bearer " + web_.token() + "0\r\n",
      web_.bearer() + web_.bearer(),
      "Cookie: cairn_session=" + web_.token() + "\r\n",
      "X-Forwarded-For: 127.0.0.1\r\n",
  };
  const std::vector<std::string> more = {"/metrics", "/api", "/api/v1", "/api/v2/runs", "/nothing"};
  std::vector<std::pair<std::string, std::string>> asked;
  for (const Operation& operation : operations_) {
    if (operation.path == "/api/v1/session" && operation.method == "POST") continue;
    Known known = known_;
    known["digest"] = "sha256:" + std::string(64, '0');
    asked.emplace_back(operation.method, filled(operation, known).value());
  }
  for (const std::string& path : more) asked.emplace_back("GET", path);
  for (const auto& [method, path] : asked) {
    for (const std::string& headers : wrong) {
      // Strangers have 20 tries, then one a second: what is not told is not told then either.
      const int status = web_.ask(method + " " + path, headers).status;
      EXPECT_TRUE(status == 401 || status == 429) << method << " " << path << " " << status;
    }
  }
}

// Rows 2 and 3: what is public is public by its exact name alone.
TEST_F(WebApi, NothingIsPublicForItsLooks) {
  for (const char* path : {"/healthz", "/readyz", "/"})
    EXPECT_EQ(web_.ask(std::string("GET ") + path, "").status, 200) << path;
  for (const char* path :
       {"/healthz/", "/healthz/x", "/api/v1/runs/healthz", "/api/v1/runs;/healthz", "//healthz",
        "/healthz%2f..%2fapi%2fv1%2fruns", "/assets/../api/v1/runs", "/assets/%2e%2e/api/v1/runs",
        "/api/v1/runs?/assets/", "/readyz/../api/v1/runs", "/api/v1/runs#/healthz", "/HEALTHZ",
        "/healthz;a=b", "/api/v1/session/", "/api/v1//runs"}) {
    const int status = web_.ask(std::string("GET ") + path, "").status;
    EXPECT_TRUE(status == 401 || status == 400 || status == 429) << path << " " << status;
  }
}

TEST_F(WebApi, AViewerReadsAndChangesNothing) {
  const Reply made = web_.post("/api/v1/tokens", {{"label", "eve"}, {"role", "viewer"}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string viewer =
      "Authorization: Bearer " + std::string(made.json().at("token").as_string()) + "\r\n";
  for (const Operation& operation : operations_) {
    const auto path = filled(operation, known_);
    const json::value* role = operation.declared->if_contains("x-cairn-role");
    if (role == nullptr || role->as_string() != "admin") continue;
    const std::string body = "{}";
    const Reply reply =
        web_.ask(operation.method + " " + *path,
                 viewer + (operation.method == "POST"
                               ? "Content-Type: application/json\r\nContent-Length: 2\r\n"
                               : ""),
                 operation.method == "POST" ? body : "");
    EXPECT_EQ(reply.status, 403) << operation.method << " " << *path;
  }
  EXPECT_EQ(web_.ask("GET /api/v1/runs", viewer).status, 200);
  EXPECT_EQ(web_.ask("DELETE /api/v1/session", viewer).status, 204);
}

// What generators of requests find: whatever is sent, the answer says what is wrong, and the server
// lives.
TEST_F(WebApi, NoInputIsADefect) {
  const auto seed = static_cast<std::uint32_t>(std::random_device{}());
  RecordProperty("seed", static_cast<int>(seed));
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::vector<std::string> texts = {"",
                                          "0",
                                          "-1",
                                          "1.5",
                                          "1e400",
                                          "18446744073709551616",
                                          "true",
                                          "null",
                                          "@latest",
                                          "..",
                                          "../../etc/passwd",
                                          "a/b",
                                          "%00",
                                          "%",
                                          "make",
                                          "each[k=1]",
                                          "each[",
                                          "[]",
                                          "{}",
                                          "\"",
                                          "'; DROP TABLE runs; --",
                                          "${params.n}",
                                          "<script>alert(1)</script>",
                                          std::string(3000, 'a'),
                                          "\xe2\x80\xae",
                                          "sha256:" + std::string(64, 'f'),
                                          "1:0",
                                          "1:99999999999",
                                          "(((((",
                                          "(a*)*b",
                                          "*",
                                          "succeeded",
                                          "!x",
                                          "=",
                                          "k=v",
                                          "log",
                                          "2026-01-01T00:00:00Z"};
  const json::array values = {nullptr,
                              true,
                              0,
                              -1,
                              1.5,
                              1e300,
                              "x",
                              "../..",
                              json::array{},
                              json::object{},
                              json::array{1, "a"},
                              json::object{{"a", json::object{}}},
                              std::string(5000, 'z'),
                              18446744073709551615U};
  const auto pick = [&](const auto& list) -> const auto& { return list[random() % list.size()]; };
  for (int round = 0; round < 12; ++round) {
    for (const Operation& operation : operations_) {
      const std::string id(operation.declared->at("operationId").as_string());
      if (id == "Events" || id == "SignOut" || id == "RevokeToken") continue;
      Known known = known_;
      for (auto& [name, value] : known) {
        // Paths hide no slash: such a target is refused before anything is asked.
        if (random() % 3 == 0) value = pick(texts).empty() ? "x" : pick(texts);
      }
      std::string path = filled(operation, known).value();
      char sign = '?';
      for (const json::object* parameter : operation.parameters("query")) {
        if (random() % 2 == 0) continue;
        path += sign + std::string(parameter->at("name").as_string()) + "=" + encoded(pick(texts));
        sign = '&';
      }
      Reply reply;
      if (const json::object* body = operation.body_schema()) {
        json::object given;
        for (const auto& [name, schema] : body->at("properties").as_object()) {
          if (random() % 3 != 0) given[name] = pick(values);
        }
        if (id != "Resume" && id != "Rerun" && id != "Fork" && random() % 4 == 0)
          given[pick(texts)] = pick(values);
        reply = web_.post(path, given);
      } else if (operation.method == "GET") {
        reply = web_.get(path);
      } else {
        continue;
      }
      EXPECT_GT(reply.status, 0) << operation.method << " " << path;
      EXPECT_LT(reply.status, 500) << operation.method << " " << path << "\n" << reply.body;
      if (reply.status >= 400) {
        EXPECT_EQ(reply.header("Content-Type"), "application/problem+json") << path;
      }
    }
  }
  EXPECT_EQ(web_.get("/api/v1/runs").status, 200);
}

TEST_F(WebApi, WhatTheClientHasIsNotSentAgain) {
  const Reply first = web_.get("/api/v1/runs/" + run_);
  ASSERT_FALSE(first.header("ETag").empty());
  const Reply second =
      web_.get("/api/v1/runs/" + run_, "If-None-Match: " + first.header("ETag") + "\r\n");
  EXPECT_EQ(second.status, 304);
  EXPECT_TRUE(second.body.empty());
}

// Row 7: bytes of stages are kept, never shown.
TEST_F(WebApi, ArtifactsAreSentAsBytesThatNoBrowserShows) {
  const std::string path = "/api/v1/artifacts/" + known_.at("digest") + "/content";
  const Reply whole = web_.get(path);
  ASSERT_EQ(whole.status, 200) << whole.body;
  EXPECT_EQ(whole.header("Content-Type"), "application/octet-stream");
  EXPECT_TRUE(whole.header("Content-Disposition").starts_with("attachment"));
  EXPECT_EQ(whole.header("X-Content-Type-Options"), "nosniff");
  EXPECT_EQ(whole.header("Content-Security-Policy"), "sandbox; default-src 'none'");
  const Reply part = web_.get(path, "Range: bytes=1-3\r\n");
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.body, whole.body.substr(1, 3));
  EXPECT_EQ(web_.get(path, "Range: bytes=100000-\r\n").status, 416);
  EXPECT_EQ(web_.get(path + "?file=..%2F..%2Fetc%2Fpasswd").status, 400);
}

TEST_F(WebApi, CommandsHoldOnlyForTheStateThatWasSeen) {
  const Reply reply = web_.post("/api/v1/runs/" + run_ + "/cancel", {{"expect", "running"}});
  EXPECT_EQ(reply.status, 409);
  EXPECT_NE(reply.body.find("failed"), std::string::npos);
}

TEST_F(WebApi, AWrongWorkflowIsToldPlaceByPlace) {
  const Reply reply =
      web_.post("/api/v1/runs", {{"workflow", "cairn: 1\nname: x\nstages:\n  a: {uses: shel}\n"}});
  EXPECT_EQ(reply.status, 422);
  const json::object problem = reply.json();
  const json::object& place = problem.at("errors").at(0).as_object();
  EXPECT_EQ(place.at("line").as_int64(), 4);
  EXPECT_NE(std::string(place.at("hint").as_string()).find("shell"), std::string::npos);
}

// Row 22: nothing of it is for other users.
TEST_F(WebApi, NoFileOfTheStateFolderIsForOthers) {
  for (const auto& entry : fs::recursive_directory_iterator(place_.state())) {
    struct stat info {};
    ASSERT_EQ(::lstat(entry.path().c_str(), &info), 0);
    if (S_ISLNK(info.st_mode)) continue;
    EXPECT_EQ(info.st_mode & 077U, 0U) << entry.path();
  }
}

// Row 1.
TEST(WebDoor, BeyondThisMachineItAsksForTls) {
  const Place place;
  for (const char* address : {"0.0.0.0:0", "[::]:0", "10.0.0.1:0"}) {
    const Finished refused = place.run({"serve", "--http", address});
    EXPECT_EQ(refused.exit_code, 2) << address;
    EXPECT_NE(refused.err.find("--behind-proxy"), std::string::npos) << refused.err;
  }
  EXPECT_EQ(place.run({"serve", "--http", "nonsense"}).exit_code, 2);
}

}  // namespace
}  // namespace cairn::e2e
