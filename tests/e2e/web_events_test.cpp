// Streams: what a client has been told is exactly what happened, whatever died in between.
#include <algorithm>
#include <set>

#include "tests/e2e/web.h"

namespace cairn::e2e {
namespace {

// Twelve tasks, one after the other and side by side.
constexpr const char* kWorkflow = R"(cairn: 1
name: walk
stages:
  first:
    uses: shell
    cache: false
    with: {run: "sleep 0.3; echo first"}
  each:
    uses: shell
    cache: false
    matrix: {n: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}
    after: [first]
    with: {run: "sleep 0.2; echo ${matrix.n}"}
  last:
    uses: shell
    cache: false
    after: [each]
    with: {run: "echo last"}
)";

std::vector<std::uint64_t> sequences_of(const json::object& update) {
  std::vector<std::uint64_t> sequences;
  if (const auto* events = update.if_contains("events")) {
    for (const json::value& event : events->as_array())
      sequences.push_back(event.at("sequence").to_number<std::uint64_t>());
  }
  return sequences;
}

std::vector<std::uint64_t> journal_of(const Web& web, const std::string& run) {
  return sequences_of(web.document("/runs/" + run + "/events?limit=10000"));
}

// A state as the stream tells it.
struct Told {
  std::string stages;
  std::map<std::string, std::string> tasks;
  std::string status;

  void take(const json::object& update) {
    if (const auto* snapshot = update.if_contains("snapshot")) {
      stages = snapshot->at("stages").as_string();
      tasks.clear();
      for (const auto& [stage, letters] : snapshot->at("task_states").as_object())
        tasks[stage] = letters.as_string();
      status = snapshot->at("status").as_string();
    }
    if (const auto* delta = update.if_contains("states")) {
      for (const json::value& change : delta->at("stages").as_array())
        stages[change.at(0).to_number<std::size_t>()] = change.at(1).as_string()[0];
      for (const json::value& change : delta->at("task_states").as_array()) {
        std::string& letters = tasks[std::to_string(change.at(0).to_number<std::size_t>())];
        const auto task = change.at(1).to_number<std::size_t>();
        if (letters.size() <= task) letters.resize(task + 1, '?');
        letters[task] = change.at(2).as_string()[0];
      }
      status = delta->at("status").as_string();
    }
  }
};

TEST(WebEvents, NothingIsLostOrDoubledOverAKilledServerAndCutConnections) {
  const Place place;
  auto web = std::make_unique<Web>(place);
  const std::string run = web->submit(kWorkflow);
  const std::string path = "/api/v1/events?run=" + run + "&after=0&topics=states,events";
  std::vector<std::uint64_t> seen;
  Told told;
  std::string last;
  int connections = 0;
  int kills = 0;
  while (told.status != "succeeded") {
    ASSERT_LT(++connections, 200) << "the run does not end";
    EventReader reader(*web, path, last);
    ASSERT_EQ(reader.status(), 200);
    // Cut off after a few events, again and again.
    for (int events = 0; events < 3 && told.status != "succeeded"; ++events) {
      const auto event = reader.next();
      if (!event) break;
      EXPECT_EQ(event->name, "update");
      last = event->id;
      told.take(event->data);
      const auto sequences = sequences_of(event->data);
      seen.insert(seen.end(), sequences.begin(), sequences.end());
    }
    if (kills < 2 && seen.size() > 10U * (static_cast<unsigned>(kills) + 1)) {
      web->process().signal(SIGKILL);
      (void)web->process().wait();
      web = std::make_unique<Web>(place);
      ++kills;
    }
  }
  EXPECT_EQ(kills, 2);
  // What came after the last state that was told.
  EventReader rest(*web, path, last);
  const std::vector<std::uint64_t> journal = journal_of(*web, run);
  while (seen.size() < journal.size()) {
    const auto event = rest.next();
    if (!event) break;
    const auto sequences = sequences_of(event->data);
    seen.insert(seen.end(), sequences.begin(), sequences.end());
  }
  EXPECT_EQ(seen, journal);
  const json::object states = web->document("/runs/" + run + "/states");
  EXPECT_EQ(states.at("stages").as_string(), told.stages);
  for (const auto& [stage, letters] : states.at("task_states").as_object())
    EXPECT_EQ(letters.as_string(), told.tasks[std::string(stage)]);
}

// Whatever the id that a client comes back with: what lies behind it is told, once. The first who
// listens stands at the end, so that others need what is older than what is kept for all.
TEST(WebEvents, ItGoesOnFromAnySequence) {
  const Place place;
  const Web web(place);
  std::string numbers;
  for (int i = 0; i < 2500; ++i) numbers += (i > 0 ? ", " : "") + std::to_string(i);
  const std::string run =
      web.submit("cairn: 1\nname: wide\nstages:\n  a: {uses: noop, cache: false, matrix: {n: [" +
                 numbers + "]}}\n");
  (void)web.await(run);
  const std::vector<std::uint64_t> journal = journal_of(web, run);
  ASSERT_GT(journal.back() - journal.front(), 3000U);
  const std::string path = "/api/v1/events?run=" + run + "&topics=events&after=";
  EventReader open(web, path + std::to_string(journal[journal.size() - 2]));
  ASSERT_TRUE(open.next());
  std::vector<std::uint64_t> afters = {0, journal.front()};
  for (std::size_t i = 17; i + 1 < journal.size(); i += 1301) afters.push_back(journal[i]);
  for (const std::uint64_t after : afters) {
    SCOPED_TRACE("after " + std::to_string(after));
    const std::vector<std::uint64_t> behind(std::ranges::upper_bound(journal, after),
                                            journal.end());
    std::vector<std::uint64_t> seen;
    EventReader reader(web, path + std::to_string(after));
    while (seen.size() < behind.size()) {
      const auto event = reader.next();
      ASSERT_TRUE(event);
      const auto sequences = sequences_of(event->data);
      seen.insert(seen.end(), sequences.begin(), sequences.end());
    }
    EXPECT_EQ(seen, behind);
  }
}

TEST(WebEvents, TheListOfRunsIsToldAsItChanges) {
  const Place place;
  const Web web(place);
  EventReader reader(web, "/api/v1/events?topics=runs");
  const std::string run = web.submit("cairn: 1\nname: quick\nstages:\n  a: {uses: noop}\n");
  std::string status;
  while (status != "succeeded") {
    const auto event = reader.next();
    ASSERT_TRUE(event);
    for (const json::value& row : event->data.at("runs").at("runs").as_array()) {
      if (row.at("id").as_string() == run) status = row.at("status").as_string();
    }
  }
  ASSERT_EQ(web.ask("DELETE /api/v1/runs/" + run, web.bearer()).status, 200);
  for (;;) {
    const auto event = reader.next();
    ASSERT_TRUE(event);
    const auto& deleted = event->data.at("runs").at("deleted").as_array();
    if (std::ranges::find(deleted, json::value(run)) != deleted.end()) break;
  }
}

// An id of a time that this server cannot tell of: read everything again.
TEST(WebEvents, AnIdThatCannotBeContinuedIsAnsweredWithAReset) {
  const Place place;
  std::string id;
  {
    const Web web(place);
    EventReader reader(web, "/api/v1/events?topics=runs");
    (void)web.await(web.submit("cairn: 1\nname: one\nstages:\n  a: {uses: noop}\n"));
    const auto event = reader.next();
    ASSERT_TRUE(event);
    id = event->id;
  }
  Web web(place);
  EventReader old(web, "/api/v1/events?topics=runs", "1");
  const auto reset = old.next();
  ASSERT_TRUE(reset);
  EXPECT_TRUE(reset->data.contains("reset"));
  EventReader future(web, "/api/v1/events?topics=runs", "1000000");
  const auto other = future.next();
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->data.contains("reset"));
  EXPECT_EQ(EventReader(web, "/api/v1/events", "x").status(), 400);
  EXPECT_EQ(web.get("/api/v1/events?topics=run").status, 400);
}

TEST(WebEvents, WhatAnAttemptWritesComesOnceOverCutConnections) {
  const Place place;
  const Web web(place);
  const std::string run = web.submit(R"(cairn: 1
name: talk
stages:
  talk:
    uses: shell
    cache: false
    with: {run: "for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; sleep 0.1; done"}
)");
  const std::string path = "/api/v1/runs/" + run + "/stages/talk/log?source=output";
  std::vector<std::string> lines;
  std::string last;
  for (bool ended = false; !ended;) {
    EventReader reader(web, path, last);
    ASSERT_EQ(reader.status(), 200);
    const auto event = reader.next();
    if (!event) continue;
    last = event->id;
    ended = event->name == "end";
    if (ended) {
      EXPECT_EQ(event->data.at("status").as_string(), "succeeded");
      continue;
    }
    for (const json::value& line : event->data.at("items").as_array())
      lines.emplace_back(line.at("text").as_string());
  }
  std::vector<std::string> wanted;
  for (int i = 1; i <= 12; ++i) wanted.push_back("line " + std::to_string(i));
  EXPECT_EQ(lines, wanted);
}

TEST(WebEvents, AStoppingServerEndsItsStreams) {
  const Place place;
  Web web(place);
  EventReader reader(web, "/api/v1/events");
  web.process().signal(SIGTERM);
  while (reader.next()) {
  }
  EXPECT_EQ(web.process().wait().exit_code, 0);
}

}  // namespace
}  // namespace cairn::e2e
