// What strangers and hostile inputs do to a server: nothing.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <functional>
#include <set>

#include "core/base/fd.h"
#include "core/base/text.h"
#include "core/engine/load.h"
#include "core/store/rocks_store.h"
#include "tests/e2e/openapi_check.h"
#include "tests/e2e/server.h"
#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;

std::string escaped(const std::string& text) {
  std::string out;
  for (const char letter : text) {
    std::array<char, 4> hex;
    std::snprintf(hex.data(), hex.size(), "%%%02X", static_cast<unsigned char>(letter));
    out += hex.data();
  }
  return out;
}

// A path of the document with every name in it replaced.
std::string with_names(std::string path, const std::string& value) {
  for (std::size_t open = path.find('{'); open != std::string::npos; open = path.find('{'))
    path.replace(open, path.find('}', open) - open + 1, value);
  return path;
}

unsigned mode_of(const fs::path& path) {
  struct stat info {};
  EXPECT_EQ(::lstat(path.c_str(), &info), 0) << path;
  return info.st_mode & 0777U;
}

// Row 1: another user of this machine, which only root can become.
TEST(WebStrangers, AnotherUserOfTheMachineGetsNowhere) {
  const Place place;
  fs::permissions(place.folder(), static_cast<fs::perms>(0755));
  const Web web(place);
  for (const char* name : {"", "token", "audit.jsonl", "engine.sock"})
    EXPECT_EQ(mode_of(place.state() / name) & 077U, 0U) << name;
  EXPECT_EQ(web.ask("GET /api/v1/runs", "").status, 401);
  if (::geteuid() != 0) return;
  const auto as_nobody = [&](const std::function<int()>& act) {
    const pid_t child = ::fork();
    if (child == 0) {
      constexpr uid_t kNobody = 65534;
      if (::setgid(kNobody) != 0 || ::setuid(kNobody) != 0) ::_exit(99);
      ::_exit(act());
    }
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    return WEXITSTATUS(status);
  };
  const auto errno_of = [&](const fs::path& path) {
    return as_nobody([&] { return ::open(path.c_str(), O_RDONLY) >= 0 ? 0 : errno; });
  };
  EXPECT_EQ(errno_of(place.folder() / "plugins"), 0) << "so far it gets";
  EXPECT_EQ(errno_of(place.state()), EACCES);
  // Even where somebody opened the folder to all, what lies in it is its owner's.
  fs::permissions(place.state(), static_cast<fs::perms>(0755));
  for (const char* file : {"token", "audit.jsonl"})
    EXPECT_EQ(errno_of(place.state() / file), EACCES) << file;
  const std::string socket = (place.state() / "engine.sock").string();
  EXPECT_EQ(as_nobody([&] {
              const Fd fd(::socket(AF_UNIX, SOCK_STREAM, 0));
              sockaddr_un address{};
              address.sun_family = AF_UNIX;
              socket.copy(address.sun_path, sizeof address.sun_path - 1);
              return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address),
                               sizeof address) == 0
                         ? 0
                         : errno;
            }),
            EACCES);
  EXPECT_EQ(
      as_nobody([&] {
        return web.ask("GET /api/v1/runs", "").status == 401 &&
                       web.ask("GET /api/v1/runs", "Authorization: Bearer nothing\r\n").status ==
                           401
                   ? 0
                   : 1;
      }),
      0);
}

// Row 9: paths in the place of ids, in each way they were written elsewhere, on every route and in
// every string of a body. What lies outside stays as it is, and none of it is told.
TEST(WebStrangers, NoIdIsAPath) {
  const Place place;
  const fs::path outside = place.folder() / "sentinel";
  fs::create_directories(outside / "deep");
  std::ofstream(outside / "deep/mine.txt") << "sentinel-of-the-test";
  std::ofstream(outside / "mine.jsonl") << "{\"id\":\"sentinel-of-the-test\"}\n";
  const auto before = hash_tree(outside).value();
  const Web web(place);
  const std::string run = web.submit(kHelloWorkflow);
  (void)web.await(run);
  const std::string target = outside.string();
  const std::vector<std::string> ids = {"..",
                                        ".",
                                        "../../sentinel",
                                        "../" + run,
                                        "..\\..\\sentinel",
                                        target,
                                        "/" + target,
                                        "file://" + target,
                                        "....//....//sentinel",
                                        "..;/sentinel",
                                        run + "/../../../sentinel",
                                        run + "/..",
                                        "sentinel/deep/mine.txt",
                                        std::string("..\0", 3),
                                        "sha256:../../sentinel",
                                        "sha256:" + std::string(62, '0') + "..",
                                        "~",
                                        "-rf",
                                        "runs/../../sentinel",
                                        "\xc0\xae\xc0\xae"};
  std::set<int> statuses;
  std::size_t asked = 0;
  const auto look = [&](const Reply& reply, const std::string& what) {
    ++asked;
    statuses.insert(reply.status);
    EXPECT_GT(reply.status, 0) << what;
    EXPECT_LT(reply.status, 500) << what << "\n" << reply.body;
    EXPECT_EQ(reply.body.find("sentinel-of-the-test"), std::string::npos) << what;
  };
  const json::object api = web.document("/openapi.json");
  for (const Operation& operation : operations_of(api)) {
    const std::string name(operation.declared->at("operationId").as_string());
    if (name == "Events" || name == "SignOut" || name == "CollectGarbage") continue;
    for (const std::string& id : ids) {
      if (operation.path.find('{') != std::string::npos) {
        const std::string once = escaped(id);
        for (const std::string& spelt : {once, escaped(once)}) {
          const std::string line = operation.method + " " + with_names(operation.path, spelt);
          look(web.ask(line,
                       web.bearer() + "Content-Type: application/json\r\nContent-Length: 2\r\n",
                       "{}"),
               line);
        }
      }
      if (const json::object* body = operation.body_schema()) {
        json::object given;
        for (const auto& [field, schema] : body->at("properties").as_object()) given[field] = id;
        look(web.post(with_names(operation.path, run), given), operation.path + " " + id);
      }
    }
  }
  for (const std::string& id : ids) {
    look(web.get("/api/v1/runs/" + run + "/stages/greet/log?source=" + escaped(id)), id);
    look(web.get("/api/v1/runs/" + run + "/stages/" + escaped(id) + "/log/content"), id);
    look(web.get("/api/v1/runs/" + run + "/stages/greet/log?cursor=" + escaped(id)), id);
    look(web.ask("GET /assets/" + escaped(id), ""), id);
    look(web.ask("GET /assets/../" + id, ""), id);
  }
  EXPECT_GT(asked, 1000U);
  EXPECT_FALSE(statuses.contains(500));
  EXPECT_EQ(hash_tree(outside).value().size(), before.size());
  for (std::size_t i = 0; i < before.size(); ++i)
    EXPECT_EQ(hash_tree(outside).value()[i].digest, before[i].digest);
  EXPECT_EQ(status_of(web.document("/runs/" + run)), "succeeded") << "nothing was removed";
}

// Row 12, over the API: told at its place, and the server goes on.
TEST(WebStrangers, BombsAreToldAtTheirPlace) {
  const Place place;
  const Web web(place);
  const auto repeat = [](const std::string& text, int times) {
    std::string all;
    for (int i = 0; i < times; ++i) all += text;
    return all;
  };
  std::string aliases = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 20; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    aliases += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" +
               repeat(alias + ", ", 8) + alias + "]\n";
  }
  std::string grown = "'0'";
  for (int i = 0; i < 60; ++i)
    grown = "replace(" + grown + ", '0', '" + std::string(100, '0') + "')";
  const std::vector<std::pair<std::string, std::string>> bombs = {
      {aliases, "values"},
      {"a: " + std::string(10'000, '['), "nested too deep"},
      {repeat("- ", 10'000) + "x\n", "nested too deep"},
      {repeat("- a\n", 300'000), "values"},
      {"cairn: 1\nstages:\n  a: {uses: shell, with: {run: x, env: {X: \"${" + grown + "}\"}}}\n",
       "too long"},
      {"cairn: 1\nstages:\n  a: {uses: shell, with: {run: x, env: {X: "
       "\"${range(1000000000)}\"}}}\n",
       "the list becomes too long"}};
  for (const auto& [text, message] : bombs) {
    for (const char* path : {"/api/v1/workflows/validate", "/api/v1/runs"}) {
      const Reply reply = web.post(path, {{"workflow", text}});
      EXPECT_TRUE(reply.status == 422 || reply.status == 200) << reply.status << reply.body;
      EXPECT_THAT(reply.body, HasSubstr(message)) << path;
      EXPECT_THAT(reply.body, HasSubstr("\"line\":")) << path;
    }
  }
  // JSON as the body itself.
  for (const std::string& body :
       {std::string(100'000, '['), "{\"workflow\":" + repeat("{\"a\":", 50'000)}) {
    const Reply reply =
        web.ask("POST /api/v1/runs",
                web.bearer() + "Content-Type: application/json\r\nContent-Length: " +
                    std::to_string(body.size()) + "\r\n",
                body);
    EXPECT_EQ(reply.status, 400) << reply.body;
  }
  EXPECT_EQ(web.get("/api/v1/runs").status, 200);
}

// Row 13: the engine starts, and serves all that is sound.
TEST(WebStrangers, ARecordThatCannotBeReadCostsItsRunAlone) {
  const Place place;
  const fs::path begun = place.folder() / "begun";
  std::string sick;
  std::string healthy;
  {
    Web web(place);
    sick = web.submit("cairn: 1\nname: sick\nstages:\n  a: {uses: shell, with: {run: 'touch " +
                      begun.string() + "; tail -f /dev/null'}}\n");
    healthy = web.submit(kHelloWorkflow);
    EXPECT_EQ(status_of(web.await(healthy)), "succeeded");
    ASSERT_TRUE(wait_until([&] { return fs::exists(begun); }));
    web.process().signal(SIGKILL);
    (void)web.process().wait();
  }
  for (const pid_t host : place.hosts()) ::kill(host, SIGKILL);
  {
    auto store = open_rocks_store(place.state()).value();
    StoreBatch batch;
    batch.journal.push_back({sick, with_checksum("\x08\x02 no event")});
    ASSERT_TRUE(store->append(batch).ok());
  }
  Web web(place);
  const json::object view = web.document("/runs/" + sick);
  EXPECT_EQ(status_of(view), "failed");
  EXPECT_EQ(view.at("error").at("cause").as_string(), "corrupt_record");
  const json::object api = web.document("/openapi.json");
  for (const Operation& operation : operations_of(api)) {
    if (operation.method != "GET" || operation.path == "/api/v1/events") continue;
    const Reply reply = web.get(with_names(operation.path, sick));
    EXPECT_LT(reply.status, 500) << operation.path << reply.body;
  }
  const Reply resumed = web.post("/api/v1/runs/" + sick + "/resume", json::object());
  EXPECT_EQ(resumed.status, 409);
  EXPECT_THAT(resumed.body, HasSubstr("the run cannot go on; start it anew"));
  EXPECT_EQ(status_of(web.document("/runs/" + healthy)), "succeeded");
  EXPECT_EQ(status_of(web.await(web.submit(kHelloWorkflow))), "succeeded");
  EXPECT_EQ(web.ask("DELETE /api/v1/runs/" + sick, web.bearer()).status / 100, 2)
      << "it can be deleted";
}

// Row 14: no body names a way around the operator's policy.
TEST(WebStrangers, NoRequestRelaxesThePolicy) {
  const Place place;
  const Web web(place);
  constexpr const char* kAsking = R"(cairn: 1
name: asking
stages:
  a: {uses: shell, privileges: inherit, with: {run: "true"}}
)";
  const Reply refused = web.post("/api/v1/runs", {{"workflow", kAsking}});
  EXPECT_EQ(refused.status / 100, 4);
  EXPECT_THAT(refused.body, HasSubstr("which the policy here forbids"));
  const std::string run = web.submit(kHelloWorkflow);
  (void)web.await(run);
  for (const char* path :
       {"/runs", "/runs/{run}/fork", "/runs/{run}/rerun", "/runs/{run}/resume"}) {
    for (const char* member : {"policy", "privileges", "environment", "variables", "plugin_dirs",
                               "plugins", "config", "workflow_json", "trust", "cpus"}) {
      json::object body{{member, json::object{{"privileges", "inherit"}}}};
      if (path == std::string("/runs")) body["workflow"] = kHelloWorkflow;
      const Reply reply = web.post("/api/v1" + with_names(path, run), body);
      EXPECT_EQ(reply.status, 400) << path << " " << member << "\n" << reply.body;
    }
  }
  for (const char* key : {"policy: {privileges: inherit}", "environment: [\"*\"]",
                          "plugin_dirs: [/tmp]", "config: x"}) {
    const Reply reply =
        web.post("/api/v1/runs", {{"workflow", std::string(key) + "\n" + kHelloWorkflow}});
    EXPECT_EQ(reply.status, 422) << key << reply.body;
  }
  EXPECT_EQ(web.document("/runs").at("runs").as_array().size(), 1U);
}

// Row 15: whatever address stands in whatever string, the server calls nobody.
TEST(WebStrangers, TheServerCallsNobody) {
  const Place place;
  Fd trap(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(trap.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
  ASSERT_EQ(::listen(trap.get(), 16), 0);
  socklen_t size = sizeof address;
  ASSERT_EQ(::getsockname(trap.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  Web web(place);
  const std::string run = web.submit(kHelloWorkflow);
  (void)web.await(run);
  const json::object api = web.document("/openapi.json");
  for (const std::string& url :
       {"http://127.0.0.1:" + port + "/x", "http://localhost:" + port + "/", "//127.0.0.1:" + port,
        "http://[::ffff:127.0.0.1]:" + port + "/", "http://2130706433:" + port + "/",
        "ftp://127.0.0.1:" + port + "/", "file://127.0.0.1:" + port + "/etc/passwd",
        std::string("http://169.254.169.254/latest/meta-data/")}) {
    for (const Operation& operation : operations_of(api)) {
      const std::string name(operation.declared->at("operationId").as_string());
      if (name == "Events" || name == "SignOut" || name == "CollectGarbage") continue;
      if (const json::object* body = operation.body_schema()) {
        json::object given;
        for (const auto& [field, schema] : body->at("properties").as_object()) given[field] = url;
        (void)web.post(with_names(operation.path, run), given);
      } else if (operation.method == "GET") {
        std::string path = with_names(operation.path, escaped(url));
        char sign = '?';
        for (const json::object* parameter : operation.parameters("query")) {
          path += sign + std::string(parameter->at("name").as_string()) + "=" + escaped(url);
          sign = '&';
        }
        (void)web.get(path, "Referer: " + url + "\r\nOrigin: " + url +
                                "\r\nX-Forwarded-Host: " + url + "\r\n");
      }
    }
    const Reply started =
        web.post("/api/v1/runs",
                 {{"workflow",
                   "cairn: 1\nname: \"" + url + "\"\ndescription: \"" + url + "\"\nlabels: {u: \"" +
                       url + "\"}\nparams:\n  p: {type: path, default: \"" + url +
                       "\"}\nnotify: {on: [finished], run: \"true '" + url +
                       "'\"}\nstages:\n  a: {uses: import, with: {path: \"" + url + "\"}}\n"}});
    if (started.status == 201) (void)web.await(std::string(started.json().at("id").as_string()));
  }
  EXPECT_EQ(::accept(trap.get(), nullptr, nullptr), -1) << "somebody called";
  EXPECT_EQ(errno, EAGAIN);
  // Its sockets are those it listens on, and those that came to them.
  std::set<std::string> own;
  for (const auto& entry :
       fs::directory_iterator("/proc/" + std::to_string(web.process().pid()) + "/fd")) {
    std::error_code gone;
    const std::string target = fs::read_symlink(entry.path(), gone).string();
    if (target.starts_with("socket:[")) own.insert(target.substr(8, target.size() - 9));
  }
  std::array<char, 8> local;
  std::snprintf(local.data(), local.size(), ":%04X", web.port());
  std::size_t seen = 0;
  for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) {
    const std::string text =
        real_file_system()
            .read("/proc/" + std::to_string(web.process().pid()) + "/net/" + table)
            .value_or("");
    for (const std::string_view line : split(text, '\n')) {
      std::vector<std::string> fields;
      for (const std::string_view field : split(line, ' ')) {
        if (!field.empty()) fields.emplace_back(field);
      }
      if (fields.size() < 10 || !own.contains(fields[9])) continue;
      ++seen;
      EXPECT_TRUE(fields[1].ends_with(local.data())) << table << ": " << line;
    }
  }
  EXPECT_GE(seen, 1U);
}

// Row 21: a line for each request, and nothing in it that a stranger forged or that is a secret.
TEST(WebStrangers, TheAccessLogHasALineForEachRequest) {
  const Place place;
  const fs::path file = place.folder() / "access.jsonl";
  std::string token;
  {
    Web web(place, {"--access-log", file.string()});
    token = web.token();
    EXPECT_EQ(web.get("/api/v1/runs?q=the-query").status, 200);
    EXPECT_EQ(web.ask("GET /api/v1/runs/x%0A%7B%22forged%22%3A1%7D", "").status, 401);
    EXPECT_EQ(web.ask("GET /healthz", "").status, 200);
    EXPECT_EQ(web.get("/api/v1/nothing").status, 404);
    web.process().signal(SIGTERM);
    (void)web.process().wait();
  }
  EXPECT_EQ(mode_of(file), 0600U);
  const std::string text = real_file_system().read(file).value();
  EXPECT_EQ(text.find(token), std::string::npos);
  EXPECT_EQ(text.find("the-query"), std::string::npos);
  std::vector<std::pair<std::string, std::int64_t>> lines;
  for (const json::object& line : json_lines(text)) {
    EXPECT_EQ(line.at("trace_id").as_string().size(), 32U);
    EXPECT_EQ(line.at("peer").as_string(), "127.0.0.1");
    EXPECT_GE(line.at("duration_ms").to_number<std::int64_t>(), 0);
    EXPECT_GT(line.at("bytes").to_number<std::int64_t>(), 0);
    EXPECT_FALSE(line.contains("forged"));
    lines.emplace_back(line.at("route").as_string(), line.at("status").as_int64());
  }
  EXPECT_EQ(lines, (std::vector<std::pair<std::string, std::int64_t>>{
                       {"/api/v1/runs", 200}, {"", 401}, {"/healthz", 200}, {"", 404}}));
}

// Row 20: code of other users is run neither by a command nor by a server.
TEST(WebStrangers, PluginsThatOthersOwnOrMayWriteAreNotRun) {
  const Place place;
  place.write("w.yaml", "cairn: 1\nname: c\nstages: {a: {uses: probe.count}}\n");
  const fs::path library = place.folder() / "plugins/probe.so";
  fs::permissions(library, fs::perms::others_write, fs::perm_options::add);
  const Finished refused = place.run({"run", "w.yaml"});
  EXPECT_NE(refused.exit_code, 0);
  EXPECT_THAT(refused.err, HasSubstr("anyone may write"));
  fs::permissions(library, fs::perms::others_write, fs::perm_options::remove);
  if (::geteuid() != 0) return;  // who is not root can give no file away
  constexpr uid_t kNobody = 65534;
  ASSERT_EQ(::chown(library.c_str(), kNobody, kNobody), 0);
  const Web web(place);
  const Reply reply = web.post(
      "/api/v1/runs", {{"workflow", "cairn: 1\nname: c\nstages: {a: {uses: probe.count}}\n"}});
  EXPECT_EQ(reply.status / 100, 4) << reply.body;
  EXPECT_THAT(reply.body, HasSubstr("belongs to another user"));
}

}  // namespace
}  // namespace cairn::e2e
