#include <gtest/gtest.h>

#include "core/engine/cache_key.h"
#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

std::string a_finished_run(Lab& lab) {
  const std::string run =
      lab.scheduler->submit(workflow({stage("a"), stage("b", {"a"})}), {}).value();
  lab.run_to_end(run);
  return run;
}

std::size_t record_count(Lab& lab, const std::string& run) {
  std::size_t count = 0;
  EXPECT_TRUE(lab.store
                  .read_journal(run, 0,
                                [&](std::uint64_t, std::string_view) {
                                  ++count;
                                  return true;
                                })
                  .ok());
  return count;
}

std::size_t event_count(Lab& lab, const std::string& run) {
  std::size_t count = 0;
  EXPECT_TRUE(replay_run(lab.store, run, 0, [&](std::uint64_t, const Event&, const RunState&) {
                ++count;
                return true;
              }).ok());
  return count;
}

TEST(Journal, EveryPrefixOfRecordsLoadsAndCanBeResumed) {
  Lab whole;
  const std::string first = a_finished_run(whole);
  const std::size_t records = record_count(whole, first);
  for (std::size_t kept = 1; kept <= records; ++kept) {
    Lab lab;
    const std::string run = a_finished_run(lab);
    lab.kill_engine();
    for (const std::string& host : lab.world.living()) lab.world.crash(host);
    lab.store.drop_after(run, kept);
    lab.start();
    const auto resumed = lab.scheduler->resume(run, {});
    ASSERT_TRUE(resumed.ok()) << kept << ": " << resumed.error().to_string();
    if (lab.scheduler->find(run)->status == RunStatus::kRunning) lab.run_to_end(run);
    EXPECT_EQ(lab.scheduler->find(run)->status, RunStatus::kSucceeded) << kept;
  }
}

TEST(Journal, RecordCutAtAnyByteQuarantinesItsRunAloneAndKeepsWhatIsBefore) {
  Lab lab;
  const std::string broken = a_finished_run(lab);
  lab.clock.advance(Duration(5));
  const std::string healthy = a_finished_run(lab);
  const std::size_t last = record_count(lab, broken) - 1;
  const std::string record = lab.store.record(broken, last);
  for (std::size_t size = 0; size < record.size(); ++size) {
    lab.store.record(broken, last) = record.substr(0, size);
    const RunState state = load_run(lab.store, broken).value();
    ASSERT_TRUE(state.quarantined) << size;
    ASSERT_EQ(state.status, RunStatus::kFailed);
    ASSERT_EQ(event_count(lab, broken), last);
  }
  std::string flipped = record;
  flipped[flipped.size() / 2] = static_cast<char>(flipped[flipped.size() / 2] ^ 0x10);
  lab.store.record(broken, last) = flipped;
  lab.start();
  const auto resumed = lab.scheduler->resume(broken, {});
  ASSERT_FALSE(resumed.ok());
  EXPECT_EQ(resumed.error().code, ErrorCode::kConflict);
  EXPECT_NE(resumed.error().message.find(broken), std::string::npos);
  const json::object view = run_view(load_run(lab.store, broken).value(), {});
  EXPECT_EQ(view.at("error").at("cause").as_string(), "corrupt_record");
  EXPECT_TRUE(lab.scheduler->resume(healthy, {}).ok());
}

TEST(Journal, NewerFormatIsRefused) {
  Event event;
  event.set_format(kEventFormat + 1);
  const auto decoded = decode_record(encode_event(event), RunState());
  ASSERT_FALSE(decoded.ok());
  EXPECT_EQ(decoded.error().code, ErrorCode::kInvalidArgument);
  EXPECT_NE(decoded.error().to_string().find("newer"), std::string::npos);
}

RunRow named(const std::string& id, const std::string& name) {
  RunRow row;
  row.id = id;
  row.name = name;
  return row;
}

TEST(Runs, AreNamedByIdPrefixNameOrLatest) {
  const std::vector<RunRow> rows = {named("0aaa1", "mini"), named("0aab2", "mini"),
                                    named("0bbb3", "large")};
  EXPECT_EQ(*resolve_run(rows, "0aab"), "0aab2");
  EXPECT_EQ(*resolve_run(rows, "mini"), "0aab2");
  EXPECT_EQ(*resolve_run(rows, "@latest"), "0bbb3");
  EXPECT_EQ(resolve_run(rows, "0aa").error().code, ErrorCode::kInvalidArgument);
  EXPECT_EQ(resolve_run(rows, "larg").error().code, ErrorCode::kNotFound);
  EXPECT_NE(resolve_run(rows, "larg").error().hint.find("large"), std::string::npos);
  EXPECT_EQ(resolve_run({}, "@latest").error().code, ErrorCode::kNotFound);
}

TEST(Runs, IdsSortByTime) {
  const WallTime now(Duration(1'767'225'600'000));
  EXPECT_LT(make_run_id(now, ~0ULL), make_run_id(now + Duration(1), 0));
  EXPECT_EQ(make_run_id(now, 5).size(), 13U);
}

TEST(CacheKey, NamesTheParameterThatDiffers) {
  const json::object one{{"params", {{"steps", 1}, {"lr", 0.5}}}, {"inputs", {{"qa", {"x"}}}}};
  const json::object other{{"params", {{"steps", 2}, {"lr", 0.5}}}, {"inputs", {{"qa", {"y"}}}}};
  EXPECT_EQ(differing_components(one, other),
            (std::vector<std::string>{"inputs.qa", "params.steps"}));
  EXPECT_TRUE(differing_components(one, one).empty());
}

}  // namespace
}  // namespace cairn::testing
