#include "core/server/api/event_pages.h"

#include <gtest/gtest.h>

#include "tests/unit/engine/engine_harness.h"

namespace cairn::api {
namespace {

using testing::Lab;
using testing::stage;
using testing::workflow;

class EventPagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    run_ = lab_.scheduler->submit(workflow({stage("a"), stage("b", {"a"}), stage("c", {"b"})}), {})
               .value();
    lab_.run_to_end(run_);
    JournalFollower whole(lab_.store, run_);
    ASSERT_TRUE(whole
                    .read(0,
                          [&](const WatchEvent& event) {
                            all_.push_back(event.event);
                            return true;
                          })
                    .ok());
    ASSERT_GT(all_.size(), 8U);
  }
  static std::uint64_t sequence_of(const json::value& event) {
    return event.at("sequence").to_number<std::uint64_t>();
  }

  Lab lab_;
  std::string run_;
  json::array all_;
};

TEST_F(EventPagesTest, TogetherAreTheJournalWhateverTheirSize) {
  for (const std::uint32_t limit : {1U, 2U, 3U, 7U, 1000U}) {
    EventPages pages(lab_.store);
    json::array seen;
    std::uint64_t after = 0;
    for (bool more = true; more;) {
      const auto page = pages.read(run_, after, limit);
      ASSERT_TRUE(page.ok()) << page.error().message;
      const json::array& events = page->at("events").as_array();
      seen.insert(seen.end(), events.begin(), events.end());
      after = page->at("next").to_number<std::uint64_t>();
      more = !events.empty();
    }
    EXPECT_EQ(seen, all_) << limit;
  }
}

TEST_F(EventPagesTest, AreTheSameInWhateverOrderTheyAreAskedFor) {
  EventPages pages(lab_.store);
  for (const std::size_t place : {5UL, 2UL, 6UL, 0UL, 5UL, 1UL, 4UL}) {
    const std::uint64_t after = place == 0 ? 0 : sequence_of(all_[place - 1]);
    const auto page = pages.read(run_, after, 1);
    ASSERT_TRUE(page.ok());
    EXPECT_EQ(page->at("events").at(0), all_[place]) << place;
  }
}

TEST_F(EventPagesTest, OfARunThatIsNotThereThereAreNone) {
  EventPages pages(lab_.store);
  const auto page = pages.read("1m00000000000", 3, 10);
  ASSERT_FALSE(page.ok());
  EXPECT_EQ(page.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace cairn::api
