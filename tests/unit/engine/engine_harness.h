// A scheduler, its simulated hosts and its stores, driven by hand.
#pragma once

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <memory>

#include "core/base/random.h"
#include "core/engine/load.h"
#include "core/engine/scheduler.h"
#include "core/sdk/testing/manual_clock.h"
#include "core/testing/fault_file_system.h"
#include "core/testing/memory_run_store.h"
#include "core/testing/simulated_executor.h"

namespace cairn::testing {

struct Lab {
  Lab()
      : folder(make_private_folder(fs::temp_directory_path(), "cairn-engine-").value()),
        artifacts(folder, fast_files()),
        world(artifacts) {
    config.totals.cpus = 3;
    start();
  }
  ~Lab() {
    scheduler.reset();
    for (auto it = fs::recursive_directory_iterator(folder);
         it != fs::recursive_directory_iterator(); ++it) {
      if (it->is_directory()) fs::permissions(it->path(), fs::perms::owner_all);
    }
    fs::remove_all(folder);
  }

  FileSystem& fast_files() {
    files.skip_syncs();
    return files;
  }

  // A new engine on the same disks and hosts.
  void start() {
    scheduler.reset();
    io = std::make_unique<boost::asio::io_context>();
    store.revive();
    scheduler = std::make_unique<Scheduler>(
        *io,
        SchedulerPorts{.store = store,
                       .artifacts = artifacts,
                       .executor = world,
                       .link = world,
                       .spools = world,
                       .clock = clock,
                       .random = [this] { return ++draws * 0x9e3779b97f4a7c15ULL; }},
        config);
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

  // Everything goes well from here on.
  void run_to_end(const std::string& run, int most = 5000) {
    for (int i = 0; i < most; ++i) {
      poll();
      const RunState* state = scheduler->find(run);
      if (state == nullptr || state->status != RunStatus::kRunning || scheduler->failure()) return;
      bool acted = false;
      for (const std::string& host : world.living()) acted = world.act(host) || acted;
      if (!acted) {
        clock.advance(Duration(1000));
        scheduler->tick();
      }
    }
    ADD_FAILURE() << "run " << run << " does not end";
  }

  const TaskState& task(const std::string& run, const std::string& name) {
    const RunState* state = scheduler->find(run);
    return state->tasks[*state->find(name)];
  }

  fs::path folder;
  ManualClock clock;
  FaultFileSystem files;
  MemoryRunStore store;
  ContentStore artifacts;
  SimulatedExecutor world;
  SchedulerConfig config;
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

inline WorkflowSpec workflow(std::vector<StageSpec> stages) {
  WorkflowSpec spec;
  spec.name = "counting";
  spec.stages = std::move(stages);
  return spec;
}

}  // namespace cairn::testing
