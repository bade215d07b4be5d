// A record that cannot be read, of whatever kind, costs its own run and nothing else: not the start
// of the engine, not another run.
#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <limits>
#include <set>

#include "core/base/random.h"
#include "core/engine/view.h"
#include "tests/unit/engine/engine_harness.h"

namespace cairn::testing {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// Every kind of record there is, also those of later builds.
std::vector<const FieldDescriptor*> kinds() {
  std::vector<const FieldDescriptor*> kinds;
  const auto* oneof = Event::descriptor()->FindOneofByName("what");
  for (int i = 0; i < oneof->field_count(); ++i) kinds.push_back(oneof->field(i));
  return kinds;
}

// Sets every field to something that a sound record need not hold.
void spoil(Message& message, RandomStream& random, int depth = 0) {
  constexpr int kDeep = 4;
  const auto* type = message.GetDescriptor();
  const auto* reflection = message.GetReflection();
  const auto number = [&]() -> std::uint64_t {
    const std::uint64_t choices[] = {0, 1, 2, 3, 99, 0x7fffffff, 0xffffffff, ~std::uint64_t{0}};
    return choices[random.below(std::size(choices))];
  };
  const auto text = [&]() -> std::string {
    const std::string choices[] = {"",
                                   "{",
                                   "{}",
                                   "[]",
                                   "null",
                                   "?",
                                   "../x",
                                   "succeeded",
                                   "a",
                                   "{\"stages\":[]}",
                                   "out",
                                   "[1]",
                                   "{\"labels\":[\"x\"],\"params\":{\"p\":[]}}"};
    return choices[random.below(std::size(choices))];
  };
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (random.below(4) == 0) continue;
    if (field->is_map()) continue;
    const int times = field->is_repeated() ? static_cast<int>(random.below(3)) : 1;
    for (int n = 0; n < times; ++n) {
      const bool list = field->is_repeated();
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          if (depth < kDeep)
            spoil(list ? *reflection->AddMessage(&message, field)
                       : *reflection->MutableMessage(&message, field),
                  random, depth + 1);
          break;
        case FieldDescriptor::CPPTYPE_STRING:
          if (list)
            reflection->AddString(&message, field, text());
          else
            reflection->SetString(&message, field, text());
          break;
        case FieldDescriptor::CPPTYPE_UINT32: {
          const auto value = static_cast<std::uint32_t>(number());
          list ? reflection->AddUInt32(&message, field, value)
               : reflection->SetUInt32(&message, field, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_UINT64:
          list ? reflection->AddUInt64(&message, field, number())
               : reflection->SetUInt64(&message, field, number());
          break;
        case FieldDescriptor::CPPTYPE_INT32: {
          const auto value = static_cast<std::int32_t>(number());
          list ? reflection->AddInt32(&message, field, value)
               : reflection->SetInt32(&message, field, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_INT64: {
          const auto value = static_cast<std::int64_t>(number());
          list ? reflection->AddInt64(&message, field, value)
               : reflection->SetInt64(&message, field, value);
          break;
        }
        case FieldDescriptor::CPPTYPE_BOOL:
          reflection->SetBool(&message, field, random.below(2) == 1);
          break;
        case FieldDescriptor::CPPTYPE_DOUBLE:
          reflection->SetDouble(&message, field, std::numeric_limits<double>::quiet_NaN());
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          reflection->SetEnumValue(&message, field, static_cast<int>(random.below(5)));
          break;
        default:
          break;
      }
    }
  }
}

Event poison(const FieldDescriptor* kind, RandomStream& random) {
  Event event;
  event.set_format(kEventFormat);
  event.set_time_ms(1'767'225'600'000);
  spoil(*event.GetReflection()->MutableMessage(&event, kind), random);
  return event;
}

void append(Lab& lab, const std::string& run, const std::string& record) {
  StoreBatch batch;
  batch.journal.push_back({run, record});
  ASSERT_TRUE(lab.store.append(batch).ok());
}

// Two runs under way, of a few stages each, and no engine.
struct Two {
  Two() {
    sick = submit();
    lab.clock.advance(Duration(5));
    healthy = submit();
    for (int i = 0; i < 3; ++i) {
      lab.poll();
      for (const std::string& host : lab.world.living()) lab.world.act(host);
    }
    lab.kill_engine();
  }
  std::string submit() {
    return lab.scheduler
        ->submit(workflow({with_cells(stage("a"), 2), stage("b", {"a"}), stage("c")}), {})
        .value();
  }
  Lab lab;
  std::string sick;
  std::string healthy;
};

void expect_quarantined(Two& two, const std::string& what) {
  Lab& lab = two.lab;
  lab.start();
  const auto left = lab.scheduler->recover({two.sick, two.healthy});
  ASSERT_TRUE(left.ok()) << what << ": " << left.error().to_string();
  ASSERT_TRUE(left->contains(two.sick)) << what;
  EXPECT_EQ(left->at(two.sick).code, ErrorCode::kConflict);
  EXPECT_FALSE(left->contains(two.healthy));
  const json::object view = run_view(load_run(lab.store, two.sick).value(), {});
  EXPECT_EQ(view.at("status").as_string(), "failed") << what;
  EXPECT_EQ(view.at("error").at("cause").as_string(), "corrupt_record") << what;
  lab.run_to_end(two.healthy);
  EXPECT_EQ(lab.state(two.healthy).status, RunStatus::kSucceeded) << what;
  EXPECT_FALSE(lab.scheduler->failure()) << what;
}

TEST(PoisonedRecord, OfEveryKindThatDoesNotMatchItsChecksumCostsItsRunAlone) {
  RandomStream random(7, "poison");
  for (const FieldDescriptor* kind : kinds()) {
    const std::string whole = encode_event(poison(kind, random));
    std::string flipped = whole;
    flipped[flipped.size() - 1 - random.below(flipped.size() - 4)] ^= 0x20;
    for (const std::string& record : {flipped, whole.substr(0, whole.size() - 1)}) {
      Two two;
      append(two.lab, two.sick, record);
      expect_quarantined(two, kind->name());
    }
  }
}

TEST(PoisonedRecord, OfBytesThatAreNoEventCostsItsRunAlone) {
  for (const std::string& payload :
       {std::string(), std::string("\x08\x02"), std::string("\xff\xff\xff\xff"),
        std::string("\x08\x02\x52\xff\xff\xff\xff\x0f"), std::string(1000, '\x0b'),
        std::string("not an event at all")}) {
    Two two;
    append(two.lab, two.sick, with_checksum(payload));
    expect_quarantined(two, payload);
  }
}

// Sound to look at, and nothing that the run could hold: whatever it does to its own run, the
// engine starts, both can be looked at, and where it is refused the other run comes to its end.
TEST(PoisonedRecord, OfEveryKindThatSaysWhatCannotBeKeepsNobodyFromStarting) {
  constexpr std::uint64_t kSeed = 20261126;
  std::size_t refused = 0;
  std::size_t tried = 0;
  for (const FieldDescriptor* kind : kinds()) {
    bool of_this_kind = false;
    for (std::uint64_t round = 0; round < 25; ++round) {
      SCOPED_TRACE(kind->name() + " of round " + std::to_string(round) + ", seed " +
                   std::to_string(kSeed));
      RandomStream random(kSeed, kind->name(), {round});
      Two two;
      Lab& lab = two.lab;
      append(lab, two.sick, encode_event(poison(kind, random)));
      lab.start();
      const auto left = lab.scheduler->recover({two.sick, two.healthy});
      ASSERT_TRUE(left.ok()) << left.error().to_string();
      ASSERT_FALSE(left->contains(two.healthy));
      const auto loaded = load_run(lab.store, two.sick);
      ++tried;
      if (loaded.ok()) {
        (void)run_view(*loaded, {});
        (void)encode_row(*loaded);
      }
      EXPECT_TRUE(list_rows(lab.store).ok());
      if (!left->contains(two.sick)) continue;
      ++refused;
      of_this_kind = true;
      lab.run_to_end(two.healthy);
      EXPECT_EQ(lab.state(two.healthy).status, RunStatus::kSucceeded);
      EXPECT_FALSE(lab.scheduler->failure());
    }
    // A run may be stopped or paused, and its priority be any.
    static const std::set<std::string> kAny = {"stop_requested", "run_paused", "priority_changed"};
    EXPECT_TRUE(of_this_kind || kAny.contains(kind->name())) << kind->name();
  }
  EXPECT_GT(refused, tried / 2);
}

}  // namespace
}  // namespace cairn::testing
