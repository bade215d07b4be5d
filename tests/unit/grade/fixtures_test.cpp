// The graders against verdicts made elsewhere (tests/data/eval).
#include <gtest/gtest.h>

#include <cstdlib>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/lib/grade/answer.h"
#include "plugins/lib/grade/numeric.h"
#include "plugins/lib/grade/ratio.h"

namespace cairn::grade {
namespace {

std::vector<json::object> lines(const std::string& name) {
  const char* folder = std::getenv("CAIRN_FIXTURES");
  const fs::path path =
      fs::path(folder != nullptr ? folder : CAIRN_SOURCE_DIR "/tests/data") / "eval" / name;
  const auto text = real_file_system().read(path).value();
  std::vector<json::object> result;
  for (auto line : split(text, '\n'))
    if (!line.empty()) result.push_back(parse_json_object(line).value());
  EXPECT_FALSE(result.empty());
  return result;
}

std::string text_of(const json::object& test, const char* key) {
  return std::string(test.at(key).as_string());
}

TEST(EvalFixtures, SequenceRatio) {
  for (const auto& test : lines("ratio.jsonl")) {
    const auto ratio = sequence_ratio(text_of(test, "response"), text_of(test, "answer"));
    EXPECT_EQ(ratio.matched, test.at("matched").as_int64()) << json::serialize(test);
    EXPECT_EQ(ratio.ratio, test.at("ratio").to_number<double>()) << json::serialize(test);
  }
}

TEST(EvalFixtures, Mrcr) {
  for (const auto& test : lines("mrcr.jsonl")) {
    EXPECT_EQ(
        mrcr_score(text_of(test, "response"), text_of(test, "answer"), text_of(test, "prefix")),
        test.at("score").to_number<double>())
        << json::serialize(test);
  }
}

TEST(EvalFixtures, MultipleChoice) {
  for (const auto& test : lines("multiple_choice.jsonl")) {
    const auto letter = longbench_letter(text_of(test, "response"));
    const std::string expected = test.at("letter").is_null() ? "none" : text_of(test, "letter");
    EXPECT_EQ(letter ? std::string(1, *letter) : "none", expected) << json::serialize(test);
  }
}

TEST(EvalFixtures, CoverMatch) {
  for (const auto& test : lines("cover_match.jsonl")) {
    std::vector<std::string> accepted;
    for (const auto& text : test.at("accepted").as_array()) accepted.emplace_back(text.as_string());
    const auto response = text_of(test, "response");
    const bool thinks = test.at("thinks").as_bool();
    EXPECT_EQ(cover_match(response, accepted, thinks), test.at("verdict").as_bool())
        << json::serialize(test);
    if (const auto answer = final_answer(response, thinks)) {
      EXPECT_EQ(normalise(*answer), text_of(test, "normalised_answer")) << json::serialize(test);
    }
  }
}

TEST(EvalFixtures, Numeric) {
  for (const auto& test : lines("numeric.jsonl")) {
    EXPECT_EQ(numbers_equal(text_of(test, "prediction"), text_of(test, "gold"),
                            test.at("relative_tolerance").to_number<double>()),
              test.at("verdict").as_bool())
        << json::serialize(test);
  }
}

}  // namespace
}  // namespace cairn::grade
