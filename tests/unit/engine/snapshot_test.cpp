#include "core/engine/snapshot.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

// A run that failed once, with a snapshot after every few events.
std::string a_run(Lab& lab) {
  lab.config.snapshot_events = 2;
  lab.start();
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  lab.run_to_end(run);
  lab.poll();
  return run;
}

void put(Lab& lab, const std::string& run, const std::string& bytes) {
  StoreBatch batch;
  batch.snapshots.push_back({run, bytes});
  ASSERT_TRUE(lab.store.append(batch).ok());
}

TEST(Snapshot, IsWhatTheJournalSaysAtItsPlace) {
  Lab lab;
  const std::string run = a_run(lab);
  const auto bytes = lab.store.find_snapshot(run).value();
  ASSERT_TRUE(bytes.has_value());
  const RunState from_snapshot = decode_snapshot(lab.store, run, *bytes).value();
  EXPECT_EQ(encode_snapshot(from_snapshot), *bytes);
  const RunState from_journal = load_run_and_compare(lab.store, run).value();
  const RunState loaded = load_run(lab.store, run).value();
  EXPECT_EQ(encode_snapshot(loaded), encode_snapshot(from_journal));
  EXPECT_LT(loaded.since_snapshot, from_journal.since_snapshot);
}

TEST(Snapshot, ThatCannotBeReadCostsNothingButTime) {
  Lab lab;
  const std::string run = a_run(lab);
  const std::string good = lab.store.find_snapshot(run).value().value();
  const std::string whole = encode_snapshot(load_run(lab.store, run).value());
  std::string flipped = good;
  flipped[good.size() / 2] ^= 1;
  for (const std::string& bad :
       {std::string(), std::string("no snapshot"), flipped, good.substr(0, good.size() - 1)}) {
    put(lab, run, bad);
    EXPECT_EQ(encode_snapshot(load_run(lab.store, run).value()), whole);
    EXPECT_EQ(load_run_and_compare(lab.store, run).error().code, ErrorCode::kCorrupt);
  }
}

TEST(Snapshot, ThatSaysSomethingElseIsFound) {
  Lab lab;
  const std::string run = a_run(lab);
  RunState state = load_run(lab.store, run).value();
  state.tasks[0].metrics["loss"] = 42;
  put(lab, run, encode_snapshot(state));
  const auto compared = load_run_and_compare(lab.store, run);
  ASSERT_FALSE(compared.ok());
  EXPECT_EQ(compared.error().code, ErrorCode::kCorrupt);
}

TEST(Snapshot, IsNotTakenForANewerJournalThanThereIs) {
  Lab lab;
  const std::string run = a_run(lab);
  lab.kill_engine();
  lab.store.drop_after(run, 3);
  const RunState state = load_run(lab.store, run).value();
  EXPECT_EQ(state.status, RunStatus::kRunning);
  EXPECT_FALSE(state.quarantined);
}

}  // namespace
}  // namespace cairn::testing
