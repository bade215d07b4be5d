// Split, decontamination, guessing and balance, and the rules one after the other.
#include "plugins/lib/curation/rules.h"

#include <gtest/gtest.h>

#include <set>

#include "plugins/lib/curation/shingles.h"
#include "plugins/lib/grade/answer.h"
#include "plugins/lib/text/partition.h"
#include "tests/unit/filtering/records_of_packages.h"

namespace cairn::curation {
namespace {

using testing::choice;
using testing::lookup;
using testing::package_records;

std::int64_t dropped(const Verdicts& verdicts) {
  return std::ranges::count_if(verdicts, [](const Verdict& verdict) { return !verdict.keeps(); });
}

TEST(Split, FollowsEveryDocument) {
  text::QaRecord record;
  std::vector<text::ContextDocument> training, held;
  for (int i = 0; training.size() < 2 || held.size() < 2; ++i) {
    const auto document = testing::package_document(i, true);
    (text::held_out(document.id) ? held : training).push_back(document);
  }
  EXPECT_EQ(side_of(record), Side::kTraining);
  record.documents = {training[0], training[1]};
  EXPECT_EQ(side_of(record), Side::kTraining);
  record.documents = {held[0], held[1]};
  EXPECT_EQ(side_of(record), Side::kHeldOut);
  record.documents = {held[0], training[1]};
  EXPECT_EQ(side_of(record), Side::kBoth);
  EXPECT_EQ(split_verdicts({record})[0].reason, "documents on both sides");
}

struct ContaminationTest : ::testing::Test {
  ContaminationTest() {
    for (int i = 0; i < 40; ++i) training.push_back(lookup(i, "reading", "Maintainer"));
    for (int i = 100; i < 120; ++i) evaluated.push_back(lookup(i, "reading", "Maintainer"));
  }
  [[nodiscard]] std::string reason_of_first() const {
    return contaminated(training, evaluated, {})[0].reason;
  }
  Records training, evaluated;
};

TEST_F(ContaminationTest, OneTemplateIsNoContamination) {
  EXPECT_EQ(dropped(contaminated(training, evaluated, {})), 0);
}

TEST_F(ContaminationTest, SeesADocumentByIdOrText) {
  training[0].documents[2].id = evaluated[3].documents[0].id;
  training[1].documents[2].text = evaluated[4].documents[0].text + "\n";
  const Verdicts verdicts = contaminated(training, evaluated, {});
  EXPECT_EQ(verdicts[0].reason, "evaluated document");
  EXPECT_EQ(verdicts[1].reason, "evaluated document");
  EXPECT_EQ(dropped(verdicts), 2);
}

TEST_F(ContaminationTest, SeesAQuestionInOtherWordsAroundIt) {
  evaluated[0].question = "In which year did the harbour of the northern town open for ships?";
  training[0].question =
      "Tell me: in which year did the harbour of the northern town open for its ships?";
  EXPECT_EQ(reason_of_first(), "evaluated question");
}

TEST_F(ContaminationTest, AnotherNameInARareTemplateIsAnotherQuestion) {
  evaluated[0].question = "What is the code point of Cherokee letter qua?";
  training[0].question = "What is the code point of Cherokee letter ti?";
  EXPECT_EQ(reason_of_first(), "");
}

TEST_F(ContaminationTest, SeesEvidenceThatWasCopiedWithChanges) {
  const std::string story =
      "the old bridge was built by two brothers who had come from the mountains in the spring of "
      "that year and it stood for three centuries before the flood carried it away at night";
  evaluated[0].documents[1].text = story;
  training[0].documents[1].text = "Here is a new beginning: " + story;
  EXPECT_EQ(reason_of_first(), "evaluated evidence");
}

TEST(Guessing, CapIsTheLargestThatHolds) {
  EXPECT_EQ(share_cap({10, 10, 10, 10}, 0.25), 10);
  EXPECT_EQ(share_cap({100, 10, 10, 10}, 0.4), 20);  // 20 of 50
  EXPECT_EQ(share_cap({100, 5}, 0.3), 5);            // 30 % of each of two is impossible
  EXPECT_EQ(share_cap({7}, 1.0), 7);
}

TEST(Guessing, NoAnswerOfATemplateHasMoreThanItsShare) {
  Records records;
  for (int i = 0; i < 200; ++i) {
    records.push_back(lookup(i, "reading", "Section"));
    if (i % 10 < 6) records.back().answer = {"optional"};
  }
  const Verdicts verdicts = guessable(records, {0.3, 8, 1});
  std::map<std::string, std::int64_t> kept;
  std::int64_t all = 0;
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (verdicts[i].keeps()) ++kept[records[i].answer[0]], ++all;
  }
  for (const auto& [answer, count] : kept) {
    EXPECT_LE(static_cast<double>(count), 0.3 * static_cast<double>(all)) << answer;
  }
  EXPECT_GE(all, 110);  // what is rare stays whole: 80, and 30 % of the result beside it
}

TEST(Guessing, ATemplateWithOneAnswerTeachesNothing) {
  Records records;
  for (int i = 0; i < 8; ++i) {
    records.push_back(lookup(i, "reading", "Section"));
    records.back().answer = {"libs"};
  }
  EXPECT_EQ(dropped(guessable(records, {0.5, 9, 1})), 0);
  const Verdicts verdicts = guessable(records, {0.5, 8, 1});
  EXPECT_EQ(dropped(verdicts), 8);
  EXPECT_EQ(verdicts[0].reason, "one answer to the template");
}

TEST(Guessing, SeesWhatIsAskedThroughTheWordsOfAQuestion) {
  Records records;
  for (int i = 0; i < 40; ++i) {
    for (const char* key : {"Section", "Maintainer"}) {
      records.push_back(lookup(i, "reading", key));
      records.back().provenance["template"] = "lookup";
    }
    records[records.size() - 2].answer = {"libs"};
  }
  const auto shapes = question_shapes(records, 8);
  EXPECT_EQ(
      std::set<std::string>(shapes.begin(), shapes.end()),
      (std::set<std::string>{"reading: what is maintainer of _", "reading: what is section of _"}));
  const Verdicts verdicts = guessable(records, {0.6, 8, 1});  // of the template libs makes half
  EXPECT_EQ(dropped(verdicts), 40);
  EXPECT_EQ(verdicts[0].reason, "one answer to the template");
}

TEST(Guessing, CutsALetterThatIsRightTooOften) {
  Records records;
  for (int i = 0; i < 60; ++i) {
    records.push_back(lookup(i, "multiple_choice", "Maintainer"));
    const std::size_t letter = i % 3 == 0 ? static_cast<std::size_t>(i / 3 % 4) : 1;
    records.back().choices = {"a" + std::to_string(i), "b" + std::to_string(i),
                              "c" + std::to_string(i), "d" + std::to_string(i)};
    records.back().answer = {std::string(1, static_cast<char>('A' + letter))};
  }
  const Verdicts verdicts = guessable(records, {0.4, 8, 1});
  EXPECT_GT(dropped(verdicts), 0);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (verdicts[i].keeps()) continue;
    EXPECT_EQ(verdicts[i].reason, "most frequent letter");
    EXPECT_EQ(records[i].answer[0], "B");
  }
}

TEST(Balance, SpreadGivesSmallGroupsAllTheyHave) {
  EXPECT_EQ(spread({10, 2, 10}, 12), (std::vector<std::int64_t>{5, 2, 5}));
  EXPECT_EQ(spread({10, 2, 10}, 13), (std::vector<std::int64_t>{6, 2, 5}));
  EXPECT_EQ(spread({10, 2}, 0), (std::vector<std::int64_t>{10, 2}));
  EXPECT_EQ(spread({1, 1}, 99), (std::vector<std::int64_t>{1, 1}));
}

TEST(Balance, WhichRecordsStayDoesNotDependOnTheOthersOrTheirOrder) {
  Records records;
  for (int i = 0; i < 50; ++i) records.push_back(lookup(i, "reading", "Section"));
  for (int i = 0; i < 20; ++i) records.push_back(lookup(i, "dialogue", "Section"));
  const auto kept_ids = [](const Records& from) {
    std::set<std::string> ids;
    const Verdicts verdicts = beyond_task_share(from, 0, 1, 5);
    for (std::size_t i = 0; i < from.size(); ++i) {
      if (verdicts[i].keeps()) ids.insert(from[i].id);
    }
    return ids;
  };
  const auto ids = kept_ids(records);
  EXPECT_EQ(ids.size(), 40U);
  std::ranges::reverse(records);
  EXPECT_EQ(kept_ids(records), ids);
}

// The promise of the filter, on many records with shared and copied documents.
TEST(Rules, NothingHeldOutAppearsInTraining) {
  Records records;
  for (auto& record : package_records(400)) {
    // As synthesis does: all documents of a record from one side. Every ninth breaks the rule.
    const bool held = text::held_out(record.documents[1].id);
    if (record.seed % 9 != 0) {
      std::erase_if(record.documents,
                    [&](const auto& document) { return text::held_out(document.id) != held; });
    }
    records.push_back(record);
  }
  // Held-out documents that also exist under other ids, as package archives have them.
  std::vector<std::string> held_texts;
  for (const auto& record : records) {
    if (side_of(record) == Side::kHeldOut) held_texts.push_back(record.documents[0].text);
  }
  for (std::size_t i = 0, copied = 0; copied < 100; ++i) {
    if (side_of(records[i]) != Side::kTraining) continue;
    records[i].documents.back().text = held_texts[copied++];
  }
  Ledger ledger;
  RuleOptions options;
  options.heldout_items = 200;
  const Filtered filtered = filter_by_rules(records, {}, options, ledger).value();
  EXPECT_EQ(filtered.heldout.size(), 200U);
  EXPECT_GT(filtered.training.size(), 800U);

  std::set<std::string> ids, texts, questions;
  std::map<std::string, int> tasks;
  for (const auto& record : filtered.heldout) {
    ++tasks[record.task];
    questions.insert(grade::normalise(record.question));
    for (const auto& document : record.documents) {
      ids.insert(document.id);
      texts.insert(grade::normalise(document.text));
    }
  }
  for (const auto& [task, count] : tasks) EXPECT_EQ(count, 40) << task;
  for (const auto& record : filtered.training) {
    EXPECT_FALSE(questions.contains(grade::normalise(record.question)));
    for (const auto& document : record.documents) {
      EXPECT_FALSE(ids.contains(document.id)) << document.id;
      EXPECT_FALSE(texts.contains(grade::normalise(document.text))) << document.id;
      EXPECT_FALSE(text::held_out(document.id));
    }
  }

  const json::object report = ledger.report(filtered.training, filtered.heldout);
  const auto& counts = report.at("records").as_object();
  EXPECT_EQ(counts.at("in").to_number<std::size_t>(), records.size());
  EXPECT_EQ(counts.at("dropped").to_number<std::size_t>() + filtered.training.size() +
                filtered.heldout.size(),
            records.size());
  EXPECT_EQ(report.at("dropped").as_array().size(), counts.at("dropped").to_number<std::size_t>());
}

TEST(Rules, TheOrderOfTheInputDoesNotMatter) {
  Records records = package_records(60);
  const auto text_of = [](const Records& from) {
    Ledger ledger;
    const Filtered filtered = filter_by_rules(from, {}, {}, ledger).value();
    std::string text = json::serialize(ledger.report(filtered.training, filtered.heldout));
    for (const auto& record : filtered.training) text += json::serialize(to_json(record));
    for (const auto& record : filtered.heldout) text += json::serialize(to_json(record));
    return text;
  };
  const std::string once = text_of(records);
  RandomStream(1, "order").shuffle(records);
  EXPECT_EQ(text_of(records), once);
}

TEST(Rules, WithoutASplitTheEvaluationIsHeldOut) {
  const Records evaluation = {lookup(900, "reading", "Section")};
  Records records = package_records(10);
  records.push_back(lookup(900, "dialogue", "Section"));
  Ledger ledger;
  RuleOptions options;
  options.split = false;
  const Filtered filtered = filter_by_rules(records, evaluation, options, ledger).value();
  ASSERT_EQ(filtered.heldout.size(), 1U);
  EXPECT_EQ(filtered.heldout[0].id, evaluation[0].id);
  for (const auto& record : filtered.training) EXPECT_NE(record.documents[1].title, "pkg900");
}

}  // namespace
}  // namespace cairn::curation
