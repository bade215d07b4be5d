// Texts that are alike: MinHash against the truth, and what counts as a duplicate.
#include <gtest/gtest.h>

#include <cmath>

#include "plugins/lib/curation/duplicates.h"
#include "tests/unit/filtering/records_of_packages.h"

namespace cairn::curation {
namespace {

using testing::lookup;

ShingleSet numbers(std::uint64_t begin, std::uint64_t end) {
  ShingleSet set;
  for (std::uint64_t i = begin; i < end; ++i) set.push_back(hash_text(std::to_string(i)));
  std::ranges::sort(set);
  return set;
}

TEST(MinHash, EstimatesJaccard) {
  const MinHasher hasher({1024, 256, 3});
  for (const std::uint64_t shared : {0U, 50U, 150U, 190U, 200U}) {
    const ShingleSet a = numbers(0, 200);
    const ShingleSet b = numbers(200 - shared, 400 - shared);
    const double truth = static_cast<double>(shared) / static_cast<double>(400 - shared);
    EXPECT_DOUBLE_EQ(jaccard(a, b), truth);
    const double deviation = std::sqrt(truth * (1 - truth) / 1024);
    EXPECT_NEAR(estimated_jaccard(hasher(a), hasher(b)), truth, 4 * deviation + 1e-12) << shared;
  }
}

TEST(MinHash, BandsFindAlikePairsAndFewOthers) {
  const MinHashOptions options{128, 32, 1};
  const MinHasher hasher(options);
  std::vector<Signature> signatures;
  for (std::uint64_t i = 0; i < 100; ++i) {
    signatures.push_back(hasher(numbers(i * 1000, i * 1000 + 100)));
    signatures.push_back(hasher(numbers(i * 1000 + 5, i * 1000 + 105)));  // likeness 95/105
  }
  const auto pairs = candidate_pairs(signatures, options);
  std::size_t alike = 0;
  for (const auto& [a, b] : pairs) alike += a % 2 == 0 && b == a + 1 ? 1 : 0;
  EXPECT_EQ(alike, 100U);
  EXPECT_LT(pairs.size(), 105U);
}

TEST(Shingles, AShortTextIsItsOwnShingle) {
  EXPECT_EQ(word_ngrams("One two", 5).size(), 1U);
  EXPECT_EQ(word_ngrams("One two", 5), word_ngrams("one, TWO!", 5));
  EXPECT_TRUE(padded_ngrams(" . ", 3).empty());
}

TEST(ExactDuplicates, IgnoreCaseArticlesAndOrderOfDocuments) {
  Records records = {lookup(1, "reading", "Section"), lookup(1, "reading", "Section"),
                     lookup(2, "reading", "Section")};
  records[1].id = "again";
  records[1].question = "what is Section of PKG1";
  std::swap(records[1].documents[0], records[1].documents[2]);
  const Verdicts verdicts = exact_duplicates(records).value();
  EXPECT_TRUE(verdicts[0].keeps());
  EXPECT_EQ(verdicts[1].reason, "exact duplicate");
  EXPECT_EQ(verdicts[1].detail, records[0].id);
  EXPECT_TRUE(verdicts[2].keeps());
}

TEST(ExactDuplicates, OneIdForTwoRecordsIsAnError) {
  Records records = {lookup(1, "reading", "Section"), lookup(2, "reading", "Section")};
  records[1].id = records[0].id;
  const auto verdicts = exact_duplicates(records);
  ASSERT_FALSE(verdicts.ok());
  EXPECT_NE(verdicts.error().message.find(records[0].id), std::string::npos);
}

TEST(NearDuplicates, OneTemplateAboutManyPackagesStays) {
  Records records;
  for (int i = 0; i < 300; ++i) records.push_back(lookup(i, "reading", "Section"));
  for (const Verdict& verdict : near_duplicates(records, {})) EXPECT_TRUE(verdict.keeps());
}

TEST(NearDuplicates, ManyFieldsOfOnePackageStay) {
  Records records;
  for (const char* key : {"Section", "Maintainer", "Installed-Size"}) {
    records.push_back(lookup(1, "reading", key));
    records.back().question =
        "Read the records above with care and then tell me: which value "
        "does the record of pkg1 give for its field " +
        std::string(key) + "?";
  }
  for (const Verdict& verdict : near_duplicates(records, {})) EXPECT_TRUE(verdict.keeps());
}

TEST(NearDuplicates, OtherDistractorsOrALineMoreDoNotMakeANewRecord) {
  Records records = {lookup(1, "reading", "Section"), lookup(1, "reading", "Section"),
                     lookup(1, "reading", "Section")};
  for (auto& record : records) {
    for (int line = 0; line < 10; ++line) {
      record.documents[1].text +=
          "Tag" + std::to_string(line) + ": value of line number " + std::to_string(line) + "\n";
    }
  }
  records[1].id = "other-distractors";
  records[1].documents.pop_back();
  records[2].id = "one-line-more";
  records[2].documents[1].text += "Priority: optional\n";
  const Verdicts verdicts = near_duplicates(records, {});
  EXPECT_TRUE(verdicts[0].keeps());
  for (const std::size_t i : {1U, 2U}) {
    EXPECT_EQ(verdicts[i].reason, "near duplicate");
    EXPECT_EQ(verdicts[i].detail, records[0].id);
  }
}

TEST(NearDuplicates, ContradictingAnswersToOneQuestionAreNotBothKept) {
  Records records = {lookup(1, "reading", "Section"), lookup(1, "reading", "Section")};
  records[1].id = "other-answer";
  records[1].answer = {"somewhere"};
  EXPECT_FALSE(near_duplicates(records, {})[1].keeps());
}

}  // namespace
}  // namespace cairn::curation
