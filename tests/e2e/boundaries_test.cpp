// A process killed at every persistence boundary (core/base/boundary.h): in a run, in the resume of
// a run, in the commands that change a store. Afterwards the same command again must lead to the
// same bytes. No change on a disk may lie outside of every boundary.
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>

#include "core/base/boundary.h"
#include "tests/e2e/cairn_process.h"

namespace cairn::e2e {
namespace {

constexpr const char* kWorkflow = R"(cairn: 1
name: small
seed: 7
stages:
  walk: {uses: probe.count, with: {steps: 12, checkpoint_every: 3}}
  ask: {uses: probe.ask, with: {asked: /dev/null}}
  tell: {uses: shell, inputs: {a: walk.total}, with: {run: "echo told; cp $CAIRN_INPUT_A all", outputs: {all: all}}}
)";

struct Passings {
  std::map<std::string, int> most;  // by boundary: of the process that passed it most often
  std::vector<std::string> outside;
};

// What a command and its hosts pass when nothing happens to them.
Passings observe(const Place& place, const Words& command) {
  const fs::path log = place.folder() / "passings";
  {
    const Setting setting("CAIRN_BOUNDARY_LOG", log.string());
    const Finished done = place.run(command);
    EXPECT_EQ(done.exit_code, 0) << done.err;
    EXPECT_TRUE(wait_until([&] { return place.hosts().empty(); }));
  }
  Passings passings;
  std::map<std::string, int> counts;
  std::ifstream lines(log);
  for (std::string line; std::getline(lines, line);) {
    const std::string what = line.substr(line.find(' ') + 1);
    if (what.starts_with("outside")) {
      passings.outside.push_back(what);
    } else {
      passings.most[what] = std::max(passings.most[what], ++counts[line]);
    }
  }
  return passings;
}

struct Death {
  std::string boundary;
  int passing = 1;
  const char* when = "before";
  [[nodiscard]] std::string text() const {
    return boundary + ":" + std::to_string(passing) + ":" + when;
  }
};

// First, middle and last passing of each; with CAIRN_ALL_BOUNDARIES every one, both ways.
std::vector<Death> deaths(const Passings& passings) {
  std::vector<Death> all;
  const bool every = std::getenv("CAIRN_ALL_BOUNDARIES") != nullptr;
  for (const auto& [boundary, most] : passings.most) {
    if (!every) {
      all.push_back({boundary, 1, "before"});
      if (most > 1) all.push_back({boundary, (most + 1) / 2, "after"});
      all.push_back({boundary, most, "after"});
      continue;
    }
    for (int passing = 1; passing <= most; ++passing) {
      for (const char* when : {"before", "after"}) all.push_back({boundary, passing, when});
    }
  }
  return all;
}

// Every boundary at which one of these tests has killed a process.
std::map<std::string, int>& killed_at() {
  static std::map<std::string, int> all;
  return all;
}

// Runs the command with a process of it killed there; false when none came that far.
bool die(const Place& place, const Words& command, const Death& death, Finished* done) {
  const fs::path token = place.write("token", "");
  const Setting where("CAIRN_DIE_AT", death.text());
  const Setting once("CAIRN_DIE_ONCE", token.string());
  *done = place.run(command);
  const bool died = !fs::exists(token);
  if (died) ++killed_at()[death.boundary];
  return died;
}

// As a person would go on: resume what there is, or start it where there is nothing yet.
json::value finish(const Place& place, const std::string& workflow) {
  Finished last;
  for (int i = 0; i < 3; ++i) {
    const auto run = place.run_json({"get", "@latest"});
    if (status_of(run) == "succeeded") return run;
    last = status_of(run).empty() ? place.run({"run", workflow, "-q"})
                                  : place.run({"resume", "@latest", "-q"});
  }
  const auto run = place.run_json({"get", "@latest"});
  EXPECT_EQ(status_of(run), "succeeded") << last.err;
  return run;
}

std::vector<std::pair<std::string, std::string>> undisturbed() {
  const Place place;
  const auto run = place.run_json({"run", place.write("small.yaml", kWorkflow).string(), "-q"});
  EXPECT_EQ(status_of(run), "succeeded");
  return digests(run);
}

void kill_runs() {
  const auto expected = undisturbed();
  Passings passings;
  {
    const Place place;
    const Setting cache("XDG_CACHE_HOME", (place.folder() / "cache").string());
    passings = observe(place, {"run", place.write("small.yaml", kWorkflow).string(), "-q"});
  }
  EXPECT_EQ(passings.outside, std::vector<std::string>());
  for (const Death& death : deaths(passings)) {
    const Place place;
    std::optional<Setting> cache;
    if (death.boundary == "plugin.manifest") {
      cache.emplace("XDG_CACHE_HOME", (place.folder() / "cache").string());
    }
    const std::string workflow = place.write("small.yaml", kWorkflow).string();
    Finished done;
    die(place, {"run", workflow, "-q"}, death, &done);
    EXPECT_EQ(digests(finish(place, workflow)), expected) << "killed at " << death.text();
    const Finished doctor = place.run({"doctor"});
    EXPECT_EQ(doctor.exit_code, 0) << "killed at " << death.text() << "\n" << doctor.out;
  }
}

// Engine and hosts are gone in the middle of the run.
void leave_half(const Place& place, const std::string& workflow) {
  Finished done;
  die(place, {"run", workflow, "-q"}, {"store.append", 4, "after"}, &done);
  ASSERT_EQ(done.signal, SIGKILL);
  for (const pid_t host : place.hosts()) ::kill(host, SIGKILL);
  ASSERT_TRUE(wait_until([&] { return place.hosts().empty(); }));
}

void kill_resumes() {
  const auto expected = undisturbed();
  Passings passings;
  {
    const Place place;
    ASSERT_NO_FATAL_FAILURE(leave_half(place, place.write("small.yaml", kWorkflow).string()));
    passings = observe(place, {"resume", "@latest", "-q"});
  }
  EXPECT_EQ(passings.outside, std::vector<std::string>());
  for (const Death& death : deaths(passings)) {
    const Place place;
    const std::string workflow = place.write("small.yaml", kWorkflow).string();
    ASSERT_NO_FATAL_FAILURE(leave_half(place, workflow));
    Finished done;
    die(place, {"resume", "@latest", "-q"}, death, &done);
    EXPECT_EQ(digests(finish(place, workflow)), expected) << "killed at " << death.text();
  }
}

// A command that changes a store, and what must be true once it was killed and given again.
struct Deed {
  Words command;
  std::function<void(const Place& place)> prepare;  // may be empty
  bool once = false;                                // done already, it is refused
  std::function<void(const Place& place, const std::string& told)> holds;
};

void expect_sound(const Place& place, const std::string& told) {
  const Finished doctor = place.run({"doctor"});
  EXPECT_EQ(doctor.exit_code, 0) << told << "\n" << doctor.out;
}

void do_first(const Place& place, const Words& command) {
  const Finished done = place.run(command);
  EXPECT_EQ(done.exit_code, 0) << command[0] << ": " << done.err;
}

// One bit of an artifact that the next run would take from the cache.
void flip_a_bit(const Place& place) {
  fs::path path(place.run({"artifacts", "path", "@latest/walk/total"}).out);
  path = path.string().substr(0, path.string().find('\n'));
  fs::permissions(path, fs::perms::owner_all);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  const char first = static_cast<char>(file.peek() ^ 1);
  file.seekp(0);
  file.put(first);
  EXPECT_TRUE(file.good()) << path;
}

std::vector<Deed> deeds() {
  const auto exists = [](const char* name) {
    return [name](const Place& place, const std::string& told) {
      EXPECT_TRUE(fs::exists(place.folder() / name)) << told;
    };
  };
  return {
      {{"backup", "copy", "--artifacts"}, {}, true, exists("copy")},
      {{"restore", "copy"},
       [](const Place& place) {
         do_first(place, {"backup", "copy", "--artifacts"});
         fs::rename(place.state(), place.folder() / "gone");
       },
       true,
       [](const Place& place, const std::string& told) {
         EXPECT_EQ(status_of(place.run_json({"get", "@latest"})), "succeeded") << told;
         expect_sound(place, told);
       }},
      {{"artifacts", "export", "@latest/walk/total", "out"}, {}, true, exists("out")},
      {{"artifacts", "gc", "--quota", "1"},
       [](const Place& place) {
         do_first(place, {"delete", "@latest"});
       },
       false,
       expect_sound},
      {{"fork", "@latest", "--at", "walk:6"}, {}, false, expect_sound},
      {{"run", "small.yaml", "-q"}, flip_a_bit, false, expect_sound},
      {{"delete", "@latest"},
       {},
       true,
       [](const Place& place, const std::string& told) {
         EXPECT_EQ(place.run({"list", "-o", "name"}).out, "") << told;
         expect_sound(place, told);
       }},
  };
}

void kill_commands() {
  const Place model;
  do_first(model, {"run", model.write("small.yaml", kWorkflow).string(), "-q"});
  const auto prepare = [&](const Place& place, const Deed& deed) {
    place.write("small.yaml", kWorkflow);
    const std::string copy = "cp -a " + model.state().string() + " " + place.state().string();
    EXPECT_EQ(std::system(copy.c_str()), 0);
    if (deed.prepare) deed.prepare(place);
  };
  for (const Deed& deed : deeds()) {
    Passings passings;
    {
      const Place place;
      prepare(place, deed);
      passings = observe(place, deed.command);
    }
    EXPECT_EQ(passings.outside, std::vector<std::string>()) << deed.command[0];
    for (const Death& death : deaths(passings)) {
      const Place place;
      prepare(place, deed);
      const std::string told = deed.command[0] + " killed at " + death.text();
      Finished done;
      if (!die(place, deed.command, death, &done)) continue;
      const Finished again = place.run(deed.command);
      EXPECT_TRUE(again.exit_code == 0 || deed.once) << told << "\n" << again.err;
      deed.holds(place, told);
    }
  }
}

TEST(Boundaries, ADeathAtAnyOfThemLosesNothing) {
  kill_runs();
  kill_resumes();
  kill_commands();
  for (const auto& [boundary, kills] : killed_at()) {
    std::printf("%-20s killed %d times\n", boundary.c_str(), kills);
  }
  for (std::size_t i = 0; i < kBoundaries; ++i) {
    const auto boundary = static_cast<Boundary>(i);
    // That one needs a disk that was full: store_boundaries_test.
    if (boundary == Boundary::kStoreContinue) continue;
    EXPECT_TRUE(killed_at().contains(std::string(to_string(boundary)))) << to_string(boundary);
  }
}

}  // namespace
}  // namespace cairn::e2e
