// A scheduler, its simulated hosts and its stores, driven by hand.
#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "core/base/random.h"
#include "core/engine/load.h"
#include "core/engine/scheduler.h"
#include "core/sdk/testing/manual_clock.h"
#include "core/testing/memory_artifacts.h"
#include "core/testing/memory_run_store.h"
#include "core/testing/simulated_executor.h"

namespace cairn::testing {

struct Lab {
  Lab() : artifacts("/store"), world(artifacts) {
    config.totals.cpus = 3;
    start();
  }

  // A new engine on the same disks and hosts.
  void start() {
    scheduler.reset();
    io = std::make_unique<boost::asio::io_context>();
    store.revive();
    SchedulerPorts ports{.store = journal != nullptr ? *journal : store,
                         .artifacts = artifacts,
                         .executor = world,
                         .link = world,
                         .spools = world,
                         .clock = clock,
                         .files = real_file_system(),
                         .random = [this] { return ++draws * 0x9e3779b97f4a7c15ULL; },
                         .notify = {}};
    ports.plugin_digest = [this](const std::string& path) -> Result<Digest> {
      const auto found = plugins.find(path);
      if (found == plugins.end()) return not_found("there is no " + path);
      return found->second;
    };
    ports.notify = [this](const RunState& state, const std::string& what) {
      notified.push_back(state.spec->name + " " + what);
    };
    scheduler = std::make_unique<Scheduler>(*io, std::move(ports), config);
  }
  // kill -9 of the engine.
  void kill_engine() {
    world.disconnect();
    scheduler.reset();
  }

  void poll() {
    io->restart();
    io->poll();
  }

  // Everything goes well from here on, until the run has ended or waits for a person.
  void run_calmly(const std::string& run, int most = 20'000) {
    int quiet = 0;
    for (int i = 0; i < most && quiet < 40; ++i) {
      poll();
      const RunState* state = scheduler->find(run);
      if (state == nullptr || state->status != RunStatus::kRunning || scheduler->failure()) return;
      bool acted = false;
      for (const std::string& host : world.living()) acted = world.act(host) || acted;
      quiet = acted ? 0 : quiet + 1;
      if (acted) continue;
      for (const std::string& host : world.living()) world.beat(host);
      poll();
      clock.advance(Duration(5000));
      scheduler->tick();
    }
  }
  void run_to_end(const std::string& run) {
    run_calmly(run);
    const RunState* state = scheduler->find(run);
    if (state == nullptr || state->status != RunStatus::kRunning || scheduler->failure()) return;
    std::fprintf(stderr, "run %s does not end\n", run.c_str());
    std::abort();
  }

  const RunState& state(const std::string& run) { return *scheduler->find(run); }
  const TaskState& task(const std::string& run, const std::string& name) {
    return state(run).tasks[state(run).find_task(name).value()];
  }

  ManualClock clock;
  MemoryRunStore store;
  RunStore* journal = nullptr;  // in front of the store, if a test wants one
  MemoryArtifacts artifacts;
  SimulatedExecutor world;
  SchedulerConfig config;
  std::map<std::string, Digest> plugins{{"/plugins/count.so", digest_of("count")}};
  std::vector<std::string> notified;
  std::uint64_t draws = 0;
  std::unique_ptr<boost::asio::io_context> io;
  std::unique_ptr<Scheduler> scheduler;
};

inline StageSpec stage(const std::string& name, const std::vector<std::string>& inputs = {},
                       int steps = 3) {
  StageSpec spec;
  spec.name = name;
  spec.uses = "count";
  spec.plugin = "/plugins/count.so";
  spec.plugin_digest = digest_of("count");
  spec.params = {{"steps", steps}, {"name", name}};
  spec.key_params = spec.params;
  for (const std::string& input : inputs) spec.inputs["in"].push_back({input, "out"});
  spec.outputs = {{"out", "file"}};
  return spec;
}

// The stage with a task for each value of a parameter.
inline StageSpec with_cells(StageSpec spec, int count) {
  Cells cells;
  for (int i = 0; i < count; ++i) {
    cells.labels.push_back("x=" + std::to_string(i));
    cells.params["x"].emplace_back(i);
  }
  spec.cells = std::move(cells);
  return spec;
}

inline void set_param(StageSpec& spec, const char* name, const json::value& value) {
  spec.params[name] = value;
  spec.key_params[name] = value;
}

inline WorkflowSpec workflow(std::vector<StageSpec> stages) {
  WorkflowSpec spec;
  spec.name = "counting";
  spec.stages = std::move(stages);
  return spec;
}

}  // namespace cairn::testing
