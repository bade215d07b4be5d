// The trace of who submits a run reaches its programs, and a run that is resumed goes on with it.
#include <fstream>

#include "core/base/trace_context.h"
#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kHeader = "traceparent: 00-" + kTrace + "-b7ad6b7169203331-01\r\n";

// Two stages that print what they are part of: a program, and a plugin itself. The program fails
// until there is a file.
std::string workflow(const Place& place) {
  return R"(cairn: 1
name: traced
stages:
  program:
    uses: shell
    with: {run: 'echo "part of $TRACEPARENT"; test -e ")" +
         (place.folder() / "go").string() + R"("'}
  plugin: {uses: probe.environment}
)";
}

// What the last attempt of a stage found in TRACEPARENT.
TraceContext found(const Place& place, const std::string& stage, const std::string& mark) {
  const std::string text = place.run({"logs", "@latest/" + stage}).out;
  const std::size_t at = text.rfind(mark);
  const auto context = at == std::string::npos
                           ? std::nullopt
                           : parse_traceparent(std::string_view(text).substr(at + mark.size(), 55));
  EXPECT_TRUE(context) << text;
  return context.value_or(TraceContext{});
}

TEST(WebTrace, ReachesProgramsAndPluginsAndOutlivesTheServer) {
  const Place place;
  TraceContext first;
  std::string run;
  {
    const Web web(place);
    const Reply reply = web.post("/api/v1/runs", {{"workflow", workflow(place)}}, kHeader);
    ASSERT_EQ(reply.status, 201) << reply.body;
    run = std::string(reply.json().at("id").as_string());
    EXPECT_EQ(status_of(web.await(run)), "failed");
    first = found(place, "program", "part of ");
    EXPECT_EQ(first.trace_id, kTrace);
    const TraceContext plugin = found(place, "plugin", "TRACEPARENT=");
    EXPECT_EQ(plugin.trace_id, kTrace);
    EXPECT_NE(plugin.span_id, first.span_id);
  }
  std::ofstream(place.folder() / "go").flush();
  const Web web(place);
  // The request that resumes has a trace of its own; the run keeps the one that it began with.
  ASSERT_EQ(web.post("/api/v1/runs/" + run + "/resume", json::object()).status, 200);
  EXPECT_EQ(status_of(web.await(run)), "succeeded");
  const TraceContext resumed = found(place, "program", "part of ");
  EXPECT_EQ(resumed.trace_id, kTrace);
  EXPECT_NE(resumed.span_id, first.span_id);
}

TEST(WebTrace, OfACommandIsTheOneOfItsEnvironment) {
  const Place place;
  place.write("w.yaml", R"(cairn: 1
name: traced
stages:
  program: {uses: shell, cache: false, with: {run: 'echo "part of $TRACEPARENT"'}}
)");
  {
    const Setting parent("TRACEPARENT", "00-" + kTrace + "-b7ad6b7169203331-00");
    ASSERT_EQ(place.run({"run", "w.yaml"}).exit_code, 0);
    const TraceContext context = found(place, "program", "part of ");
    EXPECT_EQ(context.trace_id, kTrace);
    EXPECT_FALSE(context.sampled);
  }
  const Setting nonsense("TRACEPARENT", "$(reboot)");
  const Web web(place);
  ASSERT_EQ(place.run({"submit", "w.yaml", "--wait"}).exit_code, 0);
  EXPECT_NE(found(place, "program", "part of ").trace_id, kTrace);
  const Setting parent("TRACEPARENT", "00-" + kTrace + "-b7ad6b7169203331-01");
  ASSERT_EQ(place.run({"submit", "w.yaml", "--wait"}).exit_code, 0);
  EXPECT_EQ(found(place, "program", "part of ").trace_id, kTrace);
}

}  // namespace
}  // namespace cairn::e2e
