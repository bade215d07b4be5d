// Secrets that stages are given stand in nothing that is stored, said or shown.
#include <gmock/gmock.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>

#include "core/base/digest.h"
#include "core/base/text.h"
#include "tests/e2e/openapi_check.h"
#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const std::string kInVariable = "sesame/open+canary1";
const std::string kInFile = "opensaysme?canary2";

// What is no secret of a secret: that it arrived.
std::string mark_of(const std::string& secret) {
  return std::string(digest_hex(digest_of(secret)).substr(0, 12));
}

// Says what it was given in every way there is, and fails with it.
std::string workflow(const fs::path& file) {
  return R"yaml(cairn: 1
name: telling
params:
  one: {type: secret, default: env:CANARY_ONE}
  two: {type: secret, default: "file:)yaml" +
         file.string() + R"yaml("}
stages:
  tells:
    uses: shell
    with:
      env: {ONE: "${params.one}", TWO: "${params.two}"}
      run: |
        mark() { printf '%s' "$1" | sha256sum | cut -c1-12; }
        echo "marks $(mark "$ONE") $(mark "$TWO")"
        echo "plain $ONE $TWO"
        printf 'basic %s\n' "$(printf 'user:%s' "$ONE" | base64 -w0)"
        url() { printf '%s' "$1" | sed 's|/|%2F|g; s|+|%2B|g; s|[?]|%3F|g'; }
        echo "url https://me:$(url "$ONE")@host/?q=$(url "$TWO")"
        printf 'dump '; printf '%s' "$ONE" | od -An -v -tx1 | tr -d ' \n'; echo
        echo "core $(ulimit -c)"
        tr '\0' ' ' < /proc/$PPID/cmdline
        echo "failing with $ONE" >&2
        exit 7
  after:
    uses: shell
    after: [tells]
    with: {run: "true"}
)yaml";
}

// In any spelling that a log is likely to hold.
std::vector<std::string> canaries() {
  return {kInVariable,       kInFile,
          "sesame%2Fopen",   "opensaysme%3F",
          "c2VzYW1lL29wZW4", "Nlc2FtZS9vcGVuK2NhbmFyeT",
          "zZXNhbWUvb3Blbi", "736573616d652f6f70656e"};
}

std::string holder(const std::string& text) {
  for (const std::string& canary : canaries()) {
    if (text.find(canary) != std::string::npos) return canary;
  }
  return "";
}

void expect_none_below(const fs::path& folder) {
  std::size_t files = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    ++files;
    EXPECT_EQ(holder(real_file_system().read(entry.path()).value_or("")), "") << entry.path();
  }
  EXPECT_GT(files, 3U) << folder;
}

TEST(WebSecrets, StandInNothingThatIsStoredSaidOrShown) {
  const Place place;
  const fs::path file = place.write("secret.txt", kInFile);
  fs::permissions(file, fs::perms::owner_read);
  const Setting one("CANARY_ONE", kInVariable);
  rlimit core{};
  ASSERT_EQ(::getrlimit(RLIMIT_CORE, &core), 0);
  core.rlim_cur = core.rlim_max;
  ASSERT_EQ(::setrlimit(RLIMIT_CORE, &core), 0);

  const fs::path access_log = place.folder() / "access.jsonl";
  Web web(place, {"--access-log", access_log.string()});
  const std::string run = web.submit(workflow(file));
  EventReader events(web, "/api/v1/events?run=" + run + "&after=0");
  const json::object ended = web.await(run);
  EXPECT_EQ(status_of(ended), "failed");

  // It did tell, so that there was something to take out.
  const std::string log = place.run({"logs", run + "/tells", "--raw"}).out;
  EXPECT_THAT(log, HasSubstr("marks " + mark_of(kInVariable) + " " + mark_of(kInFile)));
  EXPECT_THAT(log, HasSubstr("plain *** ***"));
  EXPECT_THAT(log, HasSubstr("url https://me:***@host/?q=***"));
  EXPECT_THAT(log, HasSubstr("dump ***"));
  EXPECT_THAT(log, HasSubstr("core 0"));
  EXPECT_THAT(json::serialize(ended), HasSubstr("exit code 7"));

  // What the API says, by every question about the run.
  const json::object api = web.document("/openapi.json");
  std::size_t asked = 0;
  for (const Operation& operation : operations_of(api)) {
    if (operation.method != "GET" || operation.path == "/api/v1/events") continue;
    std::string path = operation.path;
    for (const auto& [name, value] : {std::pair<std::string, std::string>{"{run}", run},
                                      {"{other}", run},
                                      {"{stage}", "tells"},
                                      {"{stage_type}", "shell"}}) {
      if (const std::size_t at = path.find(name); at != std::string::npos)
        path.replace(at, name.size(), value);
    }
    if (path.find('{') != std::string::npos) continue;
    for (const char* query : {"", "?source=output", "?q=canary&source=all"}) {
      const Reply reply = web.get(path + query);
      if (reply.status == 200) ++asked;
      EXPECT_EQ(holder(reply.body), "") << path << query;
    }
  }
  EXPECT_GT(asked, 20U);
  EXPECT_EQ(holder(web.get("/metrics").body), "");
  for (const char* format : {"table", "json"}) {
    for (const Words& words : std::vector<Words>{{"get", run},
                                                 {"get", run + "/tells"},
                                                 {"events", run},
                                                 {"explain", run},
                                                 {"logs", run}}) {
      Words all = words;
      all.insert(all.end(), {"-o", format});
      const Finished shown = place.run(all);
      EXPECT_EQ(holder(shown.out + shown.err), "") << join(words, " ");
    }
  }
  while (const auto event = events.next()) {
    const std::string text = json::serialize(event->data);
    EXPECT_EQ(holder(text), "") << event->name;
    if (text.find("run_finished") != std::string::npos) break;
  }
  ASSERT_EQ(place.run({"backup", (place.folder() / "backup").string(), "--artifacts"}).exit_code,
            0);
  expect_none_below(place.folder() / "backup");
  expect_none_below(place.state());
  EXPECT_EQ(holder(real_file_system().read(access_log).value()), "");
  EXPECT_EQ(holder(web.process().out() + web.process().err()), "");
}

}  // namespace
}  // namespace cairn::e2e
