#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "plugins/corpus/filters.h"
#include "plugins/corpus/source.h"

namespace cairn::corpus {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

text::Document zone() {
  return {"general/tzdata/zone-europe-oslo",
          "Europe/Oslo",
          "Zone: Europe/Oslo\nCountry code: NO\nLatitude: 59 N\nLongitude: 10 E",
          "general",
          "tzdata",
          "2026a-1"};
}

struct Fault {
  const char* text;
  const char* reason;
};

const Fault kFaults[] = {
    {"Zone: A\nCode: B\nC: D", "too short"},
    {"Zone: Europe/Oslo\nCountry code: NO and nothing else", "too few lines"},
    {"a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ng: 7\nh: 8\ni: 9\nj: 10\nk: 11", "too many lines"},
    {"Zone: Europe/Oslo\nCountry: the Kingdom of Norway, all of it\nCode: NO", "a value too long"},
    {"Zone: Europe/Oslo\nCode: ####--++==!!??##\nMark: %%%&&&///((()))", "too many symbols"},
    {"Zone: Europe/Oslo\nName: Осло и окрестности\nCode: NO", "not in the Latin script"},
    {"Zone: no no no no no\nCode: no no no no no\nName: no no no no", "too repetitive"},
    {"Zone: Europe/Oslo\nNote: All Rights Reserved\nCode: NO NO", "boilerplate: all rights"},
    {"Zone: Europe/Oslo\nCode: N\x01O and more words\nLatitude: 59", "control characters"},
    {"Zone: Europe/Oslo\nCode: N\xffO and more words\nLatitude: 59", "invalid UTF-8"},
    {"Zone: Europe/Oslo\nCode: N\xef\xbf\xbdO and more words\nLat: 59", "replacement characters"}};

TEST(Filter, EachRuleGivesItsReason) {
  Rules rules;
  rules.boilerplate = {"all rights"};
  for (const Fault& fault : kFaults) {
    Filter filter(rules);
    text::Document document = zone();
    document.text = fault.text;
    EXPECT_EQ(filter.reason_to_drop(document), fault.reason) << fault.text;
  }
  Filter filter(rules);
  text::Document document = zone();
  document.title = std::string(33, 'x');
  EXPECT_EQ(filter.reason_to_drop(document), "title too long");
  document.text = std::string(300, 'x');
  EXPECT_EQ(filter.reason_to_drop(document), "too long");
}

TEST(Filter, CountsCharactersNotBytes) {
  Filter filter({});
  text::Document document = zone();
  document.title = "Ærøskøbing og Ølstykke-Stenløse";  // 31 characters, 37 bytes
  EXPECT_EQ(filter.reason_to_drop(document), "");
}

TEST(Filter, NothingComesTwice) {
  Filter filter({});
  EXPECT_EQ(filter.reason_to_drop(zone()), "");
  text::Document again = zone();
  EXPECT_EQ(filter.reason_to_drop(again), "duplicate id");
  again.id += "2";
  EXPECT_EQ(filter.reason_to_drop(again), "duplicate title");
  again.title += "2";
  EXPECT_EQ(filter.reason_to_drop(again), "duplicate text");
  again.text += "2";
  EXPECT_EQ(filter.reason_to_drop(again), "");
}

Draft draft(const std::string& name, std::vector<std::string> links = {}) {
  Draft made;
  made.document.id = "general/x/" + name;
  made.names = {name};
  made.links = std::move(links);
  return made;
}

TEST(Limit, ALinkedDocumentComesWithTheOneThatNamesIt) {
  Source source;
  source.limit = 6;
  std::vector<Draft> drafts;
  for (int i = 0; i < 40; ++i) {
    drafts.push_back(draft("a" + std::to_string(i), {"b" + std::to_string(i)}));
    drafts.push_back(draft("b" + std::to_string(i)));
  }
  const std::vector<bool> kept = within_limit(source, drafts);
  EXPECT_EQ(std::count(kept.begin(), kept.end(), true), 6);
  int whole = 0;
  for (std::size_t i = 0; i < kept.size(); i += 2) {
    whole += kept[i] && kept[i + 1] ? 1 : 0;
  }
  EXPECT_GE(whole, 2);
  source.limit = 0;
  EXPECT_THAT(within_limit(source, drafts), ::testing::Each(true));
}

TEST(Limit, TheChoiceDoesNotDependOnOrder) {
  Source source;
  source.limit = 2;
  const std::vector<Draft> one{draft("p"), draft("q"), draft("r"), draft("s")};
  const std::vector<Draft> other{one[2], one[0], one[3], one[1]};
  const auto a = within_limit(source, one);
  const auto b = within_limit(source, other);
  EXPECT_THAT(b, ElementsAre(a[2], a[0], a[3], a[1]));
}

struct Mistake {
  const char* sources;
  const char* message;
};

const Mistake kMistakes[] = {
    {R"({})", "parameter 'sources' must be a list, not a map"},
    {R"([7])", "parameter 'sources[0]' must be a map, not 7"},
    {R"([{"path": "a", "domain": "general"}, {"path": "a", "domain": "news"}])",
     "parameter 'sources[1].domain' cannot be \"news\""},
    {R"([{"domain": "general"}])", "parameter 'sources[0]' needs 'path'"},
    {R"([{"path": "a", "domain": "general", "reader": "xml"}])",
     "'sources[0].reader' cannot be \"xml\""},
    {R"([{"path": "a", "domain": "general", "limits": 1}])", "'sources[0]' has no 'limits'"},
    {R"([{"path": "a", "domain": "general", "limit": -1}])",
     "'sources[0].limit' must be at least 0, not -1"},
    {R"([{"path": "a", "domain": "general", "fields": [1]}])",
     "'sources[0].fields[0]' must be a string, not 1"},
    {R"([{"path": "a", "domain": "general", "separator": ""}])",
     "'sources[0].separator' cannot be \"\""}};

TEST(Sources, MistakesAreNamed) {
  for (const Mistake& mistake : kMistakes) {
    const auto sources = parse_sources(parse_json(mistake.sources).value());
    ASSERT_FALSE(sources.ok()) << mistake.sources;
    EXPECT_THAT(sources.error().to_string(), HasSubstr(mistake.message));
  }
}

TEST(Sources, ThoseOfTheDemoAreGood) {
  const auto sources = parse_sources(parse_json(demo_sources()).value());
  ASSERT_TRUE(sources.ok()) << sources.error().to_string();
  EXPECT_GE(sources->size(), 8u);
}

}  // namespace
}  // namespace cairn::corpus
