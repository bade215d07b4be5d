// What the operator decides comes last: no workflow, and no way to hand one in, relaxes it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

constexpr std::uint64_t kSeed = 20261126;
constexpr std::uint64_t kGiB = std::uint64_t{1} << 30;

void operate(Lab& lab) {
  lab.config.totals.cpus = 3;
  lab.config.totals.memory_bytes = 4 * kGiB;
  lab.config.totals.gpus = {"0", "1"};
  lab.config.totals.pools = {{"licences", 2}};
  lab.start();
}

// A workflow that asks for more than there is, in some of the ways there are, or for none.
WorkflowSpec greedy(RandomStream& random, bool& within) {
  within = true;
  std::vector<StageSpec> stages;
  for (const char* name : {"a", "b", "c"}) {
    StageSpec spec = stage(name);
    const auto beyond = [&](std::uint64_t one_of) {
      const bool it_is = random.below(one_of) == 0;
      within = within && !it_is;
      return it_is;
    };
    spec.resources.cpus = beyond(12) ? 64 : 1 + static_cast<int>(random.below(3));
    spec.resources.memory_bytes = beyond(12) ? 4096 * kGiB : random.below(4) * kGiB;
    spec.resources.gpus = beyond(12) ? 8 : static_cast<int>(random.below(3));
    spec.resources.pools["licences"] = beyond(12) ? 1000 : 1 + static_cast<int>(random.below(2));
    spec.privileges = beyond(12);
    stages.push_back(std::move(spec));
  }
  WorkflowSpec spec = workflow(std::move(stages));
  // Its own pools are for its own tasks, whatever they are called.
  spec.pools["licences"] = 1000;
  set_param(spec.stages[0], "policy", json::object{{"privileges", "inherit"}});
  set_param(spec.stages[0], "environment", json::array{"*"});
  return spec;
}

// Whatever was taken: no host got more than there is.
void expect_kept(const Lab& lab) {
  for (const HostRequest& request : lab.world.requests) {
    EXPECT_FALSE(request.privileges);
    EXPECT_LE(request.limits.cpus(), 3U);
    EXPECT_LE(request.limits.memory_bytes(), 4 * kGiB);
    EXPECT_LE(request.limits.gpus_size(), 2);
    for (const std::string& variable : request.secret_variables) EXPECT_EQ(variable, "");
  }
}

TEST(Policy, NoDocumentRelaxesItWhicheverWayItComes) {
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (std::uint64_t round = 0; round < 60; ++round) {
    SCOPED_TRACE("round " + std::to_string(round) + ", seed " + std::to_string(kSeed));
    RandomStream random(kSeed, "policy", {round});
    Lab lab;
    operate(lab);
    const std::string modest =
        lab.scheduler->submit(workflow({stage("a"), stage("b"), stage("c")}), {}).value();
    lab.run_to_end(modest);
    for (const char* way : {"submit", "resume", "rerun", "fork"}) {
      bool within = true;
      const WorkflowSpec spec = greedy(random, within);
      std::optional<Error> error;
      std::string run = modest;
      if (way == std::string("submit")) {
        auto given = lab.scheduler->submit(spec, {});
        if (given.ok()) run = *given;
        if (!given.ok()) error = given.error();
      } else if (way == std::string("resume")) {
        ResumeOptions options;
        options.workflow = spec;
        options.from = "a";
        options.accept_changed_plugins = random.below(2) == 0;
        if (auto resumed = lab.scheduler->resume(modest, options); !resumed.ok())
          error = resumed.error();
      } else {
        DeriveOptions options;
        options.run = modest;
        options.stage = "a";
        options.fork = way == std::string("fork");
        options.workflow = spec;
        auto given = lab.scheduler->derive(options);
        if (given.ok()) run = *given;
        if (!given.ok()) error = given.error();
      }
      ASSERT_EQ(!error, within) << way << ": " << (error ? error->to_string() : "was taken");
      ++(error ? refused : taken);
      if (error) {
        EXPECT_EQ(error->code, ErrorCode::kInvalidArgument) << way;
      } else {
        lab.run_to_end(run);
      }
    }
    expect_kept(lab);
  }
  EXPECT_GT(taken, 20U);
  EXPECT_GT(refused, 60U);
}

// A library that may not be run is run in none of the ways.
TEST(Policy, APluginThatIsNotTrustedIsRunInNoWay) {
  Lab lab;
  const std::string run = lab.scheduler->submit(workflow({stage("a")}), {}).value();
  lab.run_to_end(run);
  const std::size_t hosts = lab.world.requests.size();
  SchedulerPorts ports{.store = lab.store,
                       .artifacts = lab.artifacts,
                       .executor = lab.world,
                       .link = lab.world,
                       .spools = lab.world,
                       .clock = lab.clock,
                       .files = real_file_system(),
                       .random = [&] { return ++lab.draws * 0x9e3779b97f4a7c15ULL; },
                       .notify = {}};
  ports.plugin_digest = [](const std::string&) -> Result<Digest> { return digest_of("count"); };
  ports.trust_plugin = [](const std::string& library) -> Result<void> {
    return invalid_argument(library + " belongs to another user");
  };
  lab.scheduler = std::make_unique<Scheduler>(*lab.io, std::move(ports), lab.config);
  const WorkflowSpec spec = workflow({stage("a", {}, 4)});
  EXPECT_FALSE(lab.scheduler->submit(spec, {}).ok());
  ResumeOptions options;
  options.workflow = spec;
  for (const bool accept : {false, true}) {
    options.accept_changed_plugins = accept;
    EXPECT_FALSE(lab.scheduler->resume(run, options).ok());
  }
  for (const bool fork : {false, true}) {
    DeriveOptions derive;
    derive.run = run;
    derive.stage = "a";
    derive.fork = fork;
    EXPECT_FALSE(lab.scheduler->derive(derive).ok());
  }
  lab.poll();
  EXPECT_EQ(lab.world.requests.size(), hosts);
}

// A run that was taken when more was allowed goes on with what is allowed now.
TEST(Policy, ThatBecameStricterHoldsForRunsThatGoOn) {
  Lab lab;
  lab.config.privileges = true;
  lab.start();
  StageSpec first = stage("a");
  first.privileges = true;
  StageSpec second = stage("b", {"a"});
  second.privileges = true;
  const std::string run = lab.scheduler->submit(workflow({first, second}), {}).value();
  lab.poll();
  lab.kill_engine();
  for (const std::string& host : lab.world.living()) lab.world.crash(host);
  lab.config.privileges = false;
  const std::size_t before = lab.world.requests.size();
  lab.start();
  ASSERT_TRUE(lab.scheduler->recover({run}).ok());
  lab.run_to_end(run);
  ASSERT_GT(lab.world.requests.size(), before);
  for (std::size_t i = before; i < lab.world.requests.size(); ++i)
    EXPECT_FALSE(lab.world.requests[i].privileges);
}

}  // namespace
}  // namespace cairn::testing
