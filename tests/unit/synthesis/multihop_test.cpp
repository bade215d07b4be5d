#include "plugins/synthesis/multihop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "plugins/lib/text/partition.h"
#include "plugins/synthesis/record.h"
#include "plugins/synthesis/sample_documents.h"

namespace cairn::synthesis {
namespace {

using ::testing::HasSubstr;

MultihopOptions sample_options() {
  MultihopOptions options;
  options.wanted = {120, 60, 0.9};
  options.seed = 7;
  return options;
}

TEST(Record, ReadsLinesAndTheirSpans) {
  const text::Document document{"d", "Africa/Accra", "Zone: Africa/Accra\nNote: at 5: a\n", "", "",
                                ""};
  const auto record = parse_record(document);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->type, "Zone");
  EXPECT_EQ(record->subject, "Africa/Accra");
  ASSERT_EQ(record->facts.size(), 2U);
  EXPECT_EQ(record->facts[1].object, "at 5: a");
  EXPECT_EQ(
      document.text.substr(record->facts[1].begin, record->facts[1].end - record->facts[1].begin),
      "Note: at 5: a");
}

TEST(Record, RefusesWhatIsNoRecord) {
  for (const char* text : {"", "\n\n", "Only: one", "a | b\n1 | 2", "A: 1\nno key here",
                           "A: 1\nB: 2\nb: 3", ": x\nB: 2", "A: 1\nB: "}) {
    EXPECT_FALSE(parse_record({"d", "t", text, "", "", ""})) << text;
  }
}

TEST(Graph, NamesAndCodesLeadToRecords) {
  const auto documents = sample_documents();
  const auto records = parse_records(documents);
  std::vector<const Record*> all;
  for (const auto& record : records) all.push_back(&record);
  const auto identifiers = IdentifierKeys::learn(all);
  const Graph graph(all, identifiers);
  ASSERT_EQ(graph.named("AC").size(), 1U);
  EXPECT_EQ(graph.named("AC").front()->subject, "LandT2");
  EXPECT_TRUE(graph.named("Ac").empty()) << "codes differ by case";
  EXPECT_EQ(graph.named("landt2 (old)").size(), 1U) << "names do not";
  EXPECT_TRUE(graph.named("502").empty()) << "a quantity is no name";
}

// The property that makes an item need two documents, over every item made.
TEST(Multihop, WithoutEitherDocumentTheGraphHasNoAnswer) {
  const auto documents = sample_documents();
  const auto made = make_multihop(documents, sample_options());
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  const auto records = parse_records(documents);
  std::map<std::string, const Record*> by_id;
  std::vector<const Record*> all;
  for (const auto& record : records) {
    by_id[record.document->id] = &record;
    all.push_back(&record);
  }
  const auto identifiers = IdentifierKeys::learn(all);
  std::map<bool, std::pair<int, int>> across_and_all;
  for (const auto& item : made->records) {
    const auto question = graph_question(item.provenance);
    ASSERT_TRUE(question.ok());
    std::vector<const Record*> context;
    for (const auto& document : item.documents) context.push_back(by_id.at(document.id));
    EXPECT_EQ(answerable(Graph(context, identifiers), *question), item.answer.front()) << item.id;
    int evidence = 0;
    for (std::size_t i = 0; i < context.size(); ++i) {
      auto rest = context;
      rest.erase(rest.begin() + static_cast<std::ptrdiff_t>(i));
      const auto answer = answerable(Graph(rest, identifiers), *question);
      if (item.documents[i].evidence) {
        ++evidence;
        EXPECT_FALSE(answer) << item.id << " without " << item.documents[i].id;
      } else {
        EXPECT_EQ(answer, item.answer.front()) << item.id << " without a distractor";
        EXPECT_FALSE(mentions(fold(item.documents[i].text), fold(item.answer.front()))) << item.id;
      }
    }
    auto& [across, count] = across_and_all[held_out(item)];
    across += evidence >= 2 ? 1 : 0;
    ++count;
  }
  for (const bool held : {false, true}) {
    const auto [across, count] = across_and_all[held];
    EXPECT_EQ(count, held ? 60 : 120);
    EXPECT_GE(2 * across, count);
  }
}

TEST(Multihop, EveryItemLiesOnOneSide) {
  const auto made = make_multihop(sample_documents(), sample_options());
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  for (const auto& item : made->records)
    for (const auto& document : item.documents)
      EXPECT_EQ(text::held_out(document.id), held_out(item)) << item.id;
}

TEST(Multihop, ChanceLinksAndSharedFactsAreNotAskedFor) {
  auto documents = sample_documents(12, 40, 0, 0);
  // One zone's note happens to be a country's name: too few to be a kind of link.
  documents.push_back({id_on_side("general/x", false), "AreaT/X",
                       "Zone: AreaT/X\nNote: LandT3\nKind: city", "general", "", ""});
  for (int i = 0; i < 8; ++i) {
    const std::string name = "Lake" + std::to_string(i);
    documents.push_back({id_on_side("general/" + name, false), name,
                         "Lake: " + name + "\nKind: fresh\nDepth: " + std::to_string(90 + i),
                         "general", "", ""});
  }
  auto options = sample_options();
  options.wanted = {150, 0, 0.1};
  const auto made = make_multihop(documents, options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  for (const auto& item : made->records) {
    EXPECT_NE(item.answer.front(), "fresh");
    EXPECT_EQ(item.question.find("Note"), std::string::npos) << item.question;
  }
  EXPECT_GT(made->audit.rejected().at("common fact"), 0);
}

TEST(Multihop, LongerPathsNeedAllTheirDocuments) {
  auto options = sample_options();
  options.paths.max_hops = 3;
  options.context = {3, 5, 1200};
  const auto made = make_multihop(sample_documents(), options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  int three = 0;
  for (const auto& item : made->records)
    three += item.provenance.at("documents_needed").to_number<int>() == 3 ? 1 : 0;
  EXPECT_GT(three, 10);
}

TEST(Multihop, SaysHowManyCouldBeMade) {
  auto options = sample_options();
  options.wanted = {100000, 10, 0.9};
  const auto made = make_multihop(sample_documents(), options);
  ASSERT_FALSE(made.ok());
  EXPECT_THAT(made.error().message, HasSubstr("of 100000 items could be made from the trained"));

  const auto unlinked = make_multihop(sample_documents(0, 0, 0, 10), sample_options());
  ASSERT_FALSE(unlinked.ok());
  EXPECT_THAT(unlinked.error().message, HasSubstr("only 0 of 120"));
}

TEST(Multihop, SeedsDecideEverything) {
  auto options = sample_options();
  const auto ids = [&] {
    std::set<std::string> seen;
    const auto made = make_multihop(sample_documents(), options);
    for (const auto& item : made->records) seen.insert(item.id);
    return seen;
  };
  const auto first = ids();
  EXPECT_EQ(ids(), first);
  options.seed = 8;
  EXPECT_NE(ids(), first);
}

}  // namespace
}  // namespace cairn::synthesis
