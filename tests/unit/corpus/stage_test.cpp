#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>

#include "core/sdk/testing/stage_harness.h"
#include "plugins/lib/text/records.h"

namespace cairn::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Zones and countries in two packages, with one bad line each, and an index of packages.
class Corpus : public ::testing::Test {
 protected:
  Corpus() : harness_(stage_of(CAIRN_BINARY_DIR "/plugins/corpus.so", "corpus")) {
    packages_ = harness_.folder() / "packages";
    put("tzdata/control", "Package: tzdata\nVersion: 2026a-1\n");
    put("tzdata/zone.tab",
        "# code\tcoordinates\tzone\nNO\t+5955+01045\tEurope/Oslo\nbroken\n"
        "ES\t+4024-00341\tEurope/Madrid\n");
    put("iso-codes/control", "Package: iso-codes\nSource: iso (4.15)\nVersion: 4.15.0-1\n");
    put("iso-codes/countries.json",
        R"({"3166-1": [{"alpha_2": "NO", "alpha_3": "NOR", "name": "Norway", "numeric": "578"},
            {"alpha_2": "ES", "alpha_3": "ESP", "name": "Spain", "numeric": "724"},
            {"alpha_2": "XN", "alpha_3": "XNO", "name": "Norway", "numeric": "999"}, 7]})");
    harness_.param("packages", json::string(packages_.string()));
    harness_.param("sources", parse_json(kSources).value());
    harness_.param("min_characters", 30);
  }

  void put(const std::string& path, const std::string& bytes) {
    fs::create_directories((packages_ / path).parent_path());
    std::ofstream(packages_ / path, std::ios::binary) << bytes;
  }

  std::map<std::string, std::string> reasons() {
    std::map<std::string, std::string> all;
    const auto read = text::read_json_lines(
        harness_.output("decisions"), [&](const json::object& line) -> Result<void> {
          CAIRN_ASSIGN(const std::string id, get_string(line, "id"));
          CAIRN_ASSIGN(const std::string reason, get_string(line, "reason"));
          EXPECT_EQ(line.at("kept").as_bool(), reason.empty());
          EXPECT_TRUE(all.emplace(id + (all.contains(id) ? " again" : ""), reason).second);
          return {};
        });
    EXPECT_TRUE(read.ok());
    return all;
  }

  static constexpr const char* kSources = R"([
    {"reader": "json", "package": "iso-codes", "path": "countries.json", "array": "3166-1",
     "domain": "general", "id": "alpha_2",
     "fields": ["Country = name", "Code = alpha_2", "Alpha-3 = alpha_3", "Numeric = numeric"]},
    {"reader": "delimited", "package": "tzdata", "path": "zone.tab", "domain": "general",
     "columns": ["code", "coordinates", "zone"],
     "fields": ["Zone = zone", "Country code = code", "Latitude = coordinates | latitude",
                "Longitude = coordinates | longitude"]}])";

  StageHarness harness_;
  fs::path packages_;
};

TEST_F(Corpus, KeepsDocumentsAndSaysWhyOthersWereLeftOut) {
  const auto run = harness_.run();
  ASSERT_FALSE(run.failure) << run.failure->message;
  const auto documents = text::read_documents(harness_.output("documents")).value();
  std::vector<std::string> ids;
  for (const auto& document : documents) ids.push_back(document.id);
  EXPECT_THAT(ids,
              ElementsAre("general/iso-codes/country-es", "general/iso-codes/country-no",
                          "general/tzdata/zone-europe-madrid", "general/tzdata/zone-europe-oslo"));
  EXPECT_EQ(documents[1].package, "iso");
  EXPECT_EQ(documents[1].version, "4.15.0-1");
  EXPECT_EQ(documents[3].title, "Europe/Oslo");
  EXPECT_EQ(documents[3].text,
            "Zone: Europe/Oslo\nCountry code: NO\nLatitude: 59 N\nLongitude: 10 E");
  const std::map<std::string, std::string> expected = {
      {"general/iso-codes/country-es", ""},
      {"general/iso-codes/country-no", ""},
      {"general/iso-codes/country-xn", "duplicate title"},
      {"general/iso-codes/countries.json-line-4", "the record is no object"},
      {"general/tzdata/zone-europe-madrid", ""},
      {"general/tzdata/zone-europe-oslo", ""},
      {"general/tzdata/zone.tab-line-3", "a line of one column"}};
  EXPECT_EQ(reasons(), expected);
}

TEST_F(Corpus, WritesTheSameBytesFromAnotherFolder) {
  const auto first = harness_.run();
  ASSERT_FALSE(first.failure);
  const fs::path moved = harness_.folder() / "elsewhere";
  fs::rename(packages_, moved);
  harness_.param("packages", json::string(moved.string()));
  const auto second = harness_.run();
  ASSERT_FALSE(second.failure);
  EXPECT_EQ(first.outputs, second.outputs);
}

TEST_F(Corpus, AMissingPackageIsNamedWithTheWayOut) {
  fs::remove_all(packages_ / "tzdata");
  const auto run = harness_.run();
  ASSERT_TRUE(run.failure);
  EXPECT_THAT(run.failure->message, HasSubstr("tzdata/zone.tab"));
  EXPECT_THAT(run.failure->message, HasSubstr("deploy/setup"));
}

}  // namespace
}  // namespace cairn::testing
