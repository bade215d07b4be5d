// Parameters of every type: what they declare, what they take, where they complain.
#include "core/sdk/param.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/sdk/stage_type.h"

namespace cairn {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

enum class Mode { kCopy, kLink };
EnumNames<Mode> param_values(Mode) {
  return {{Mode::kCopy, "copy"}, {Mode::kLink, "link"}};
}

struct Limits {
  Duration patience{1000};
  std::optional<std::int64_t> most;
  static auto fields() {
    return std::tuple(field("patience", &Limits::patience, "How long"),
                      field("most", &Limits::most, "How many; left out: any", AtLeast{1}));
  }
};

struct Source {
  fs::path path;
  double weight = 1;
  Mode mode = Mode::kCopy;
  Limits limits;
  static auto fields() {
    return std::tuple(field("path", &Source::path, "Where it is", Required{}, Content{}),
                      field("weight", &Source::weight, "Its share", Range{0, 1}),
                      field("mode", &Source::mode, "How it is taken"),
                      field("limits", &Source::limits, "Its limits"));
  }
};

struct Everything : Stage {
  Param<bool> flag{this, "flag", false, "A flag"};
  Param<std::int32_t> small{this, "small", 1, "A small number"};
  Param<std::uint8_t> tiny{this, "tiny", 1, "A tiny number"};
  Param<double> share{this, "share", 0.5, "A share", Range{0, 1}};
  Param<std::string> id{this, "id", "a-1", "An id", Pattern{"[a-z]+-[0-9]+"}};
  Param<Mode> mode{this, "mode", Mode::kLink, "A mode"};
  Param<Tokens> tokens{this, "tokens", Tokens{20000}, "Tokens"};
  Param<Bytes> bytes{this, "bytes", Bytes{1024}, "Bytes", AtMost{4096}};
  Param<Duration> wait{this, "wait", Duration{5000}, "A pause"};
  Param<Secret> key{this, "key", Secret(), "A key"};
  Param<std::optional<std::string>> note{this, "note", std::nullopt, "A note"};
  Param<std::vector<fs::path>> files{this, "files", {}, "Files", Content{}};
  Param<std::map<std::string, double>> mixture{
      this, "mixture", {{"a", 0.5}}, "A mixture", Range{0, 1}};
  Param<std::vector<Source>> sources{this, "sources", Required{}, "Sources"};

  Result<void> run(StageContext&) override { return {}; }
};

const StageDecl& decl() {
  static const StageDecl kDecl = stage_type<Everything>("everything", "Has it all").declaration();
  return kDecl;
}

json::object given(const char* text) {
  return parse_json_object(text).value();
}

std::vector<std::string> complaints(const char* param, const char* value) {
  std::vector<ParamProblem> problems;
  (void)canonical_param(*decl().find_param(param), parse_json(value).value(), problems);
  std::vector<std::string> list;
  for (const ParamProblem& problem : problems) {
    std::string path;
    for (const std::string& part : problem.path) path += "/" + part;
    list.push_back(path + (problem.of_key ? "=" : ":") + " " + problem.error.message);
  }
  return list;
}

TEST(Param, ReadsWhatItDeclares) {
  const auto params = canonical_params(
      decl(), given(R"({"small": -7, "mode": "copy", "tokens": "20k", "bytes": "2Ki",
                        "wait": "2s", "key": "the text", "note": "x", "files": ["a", "b"],
                        "mixture": {"x": 1},
                        "sources": [{"path": "p", "limits": {"patience": "3s", "most": 4}},
                                    {"path": "q", "weight": 0.25, "mode": "link"}]})"));
  ASSERT_TRUE(params.ok()) << params.error().to_string();
  Everything stage;
  ASSERT_TRUE(stage.bind({*params, {}, "/out"}).ok());
  EXPECT_EQ(*stage.small, -7);
  EXPECT_EQ(*stage.mode, Mode::kCopy);
  EXPECT_EQ(stage.tokens->count, 20000);
  EXPECT_EQ(stage.bytes->count, 2048);
  EXPECT_EQ(*stage.wait, Duration{2000});
  EXPECT_EQ(stage.key->reveal(), "the text");
  EXPECT_EQ(**stage.note, "x");
  EXPECT_THAT(*stage.files, ElementsAre("a", "b"));
  EXPECT_EQ(stage.mixture->at("x"), 1.0);
  ASSERT_EQ(stage.sources->size(), 2u);
  EXPECT_EQ(stage.sources->at(0).weight, 1.0);
  EXPECT_EQ(stage.sources->at(0).limits.patience, Duration{3000});
  EXPECT_EQ(stage.sources->at(0).limits.most, 4);
  EXPECT_EQ(stage.sources->at(1).mode, Mode::kLink);
  EXPECT_FALSE(stage.sources->at(1).limits.most);
}

TEST(Param, WhatIsCanonicalStaysAsItIs) {
  const auto once =
      canonical_params(decl(), given(R"({"wait": "2s", "sources": [{"path": "p"}]})"));
  ASSERT_TRUE(once.ok());
  const auto twice = canonical_params(decl(), *once);
  ASSERT_TRUE(twice.ok()) << twice.error().to_string();
  EXPECT_EQ(*once, *twice);
}

TEST(Param, ComplainsAtThePlace) {
  EXPECT_THAT(complaints("tiny", "256"),
              ElementsAre(": parameter 'tiny' must be between 0 and 255, not 256"));
  EXPECT_THAT(complaints("id", "\"A-1\""), ElementsAre(": parameter 'id' cannot be \"A-1\""));
  EXPECT_THAT(complaints("mode", "\"lnik\""), ElementsAre(": parameter 'mode' cannot be \"lnik\""));
  EXPECT_THAT(complaints("mixture", R"({"a": 2, "b": "x"})"),
              ElementsAre("/a: parameter 'mixture.a' must be between 0 and 1, not 2",
                          "/b: parameter 'mixture.b' must be a number, not \"x\""));
  EXPECT_THAT(
      complaints("sources",
                 R"([{"path": 1, "wieght": 1}, {}, {"path": "p", "limits": {"most": 0}}])"),
      ElementsAre("/0/wieght= parameter 'sources[0]' has no 'wieght'",
                  "/0/path: parameter 'sources[0].path' must be a string, not 1",
                  "/1: parameter 'sources[1]' needs 'path'",
                  "/2/limits/most: parameter 'sources[2].limits.most' must be at least 1, not 0"));
  EXPECT_THAT(complaints("note", "null"), IsEmpty());
  EXPECT_THAT(complaints("wait", "5000"), ElementsAre(HasSubstr("a duration such as 10s")));
}

TEST(Param, ASecretIsAReferenceAndIsNotRepeated) {
  EXPECT_THAT(complaints("key", "\"env:TOKEN\""), IsEmpty());
  const auto wrong = complaints("key", "\"hunter2\"");
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_THAT(wrong[0], ::testing::Not(HasSubstr("hunter2")));
  const auto canonical = canonical_param(*decl().find_param("key"), "env:TOKEN");
  EXPECT_EQ(*canonical, (json::value{{"$secret", "env:TOKEN"}}));
}

TEST(Param, AManifestKeepsTheDeclaration) {
  const json::object written = to_json(decl());
  const auto read = stage_decl_from_json(written);
  ASSERT_TRUE(read.ok()) << read.error().to_string();
  EXPECT_EQ(to_json(*read), written);
  EXPECT_EQ(type_text(*read->find_param("sources")), "list of {path, weight, mode, limits}");
  EXPECT_EQ(type_text(*read->find_param("mixture")), "map of float");
  EXPECT_EQ(type_text(*read->find_param("mode")), "enum");
}

// Journals of version 0.1 hold the declarations of foreach parameters in this form.
TEST(Param, AnOldListIsRead) {
  const auto stage = stage_decl_from_json(given(
      R"({"name": "s", "doc": "", "revision": 1, "params": [{"name": "sizes", "type": "int list",
          "doc": "Sizes", "default": [1], "min": 1.0, "max": 9.0}]})"));
  ASSERT_TRUE(stage.ok()) << stage.error().to_string();
  const ParamDecl& sizes = stage->params.at(0);
  EXPECT_EQ(sizes.type, ParamType::kList);
  EXPECT_EQ(sizes.element.at(0).type, ParamType::kInt);
  EXPECT_EQ(sizes.element.at(0).max, 9.0);
  EXPECT_EQ(sizes.default_value, json::value(json::array{1}));
}

TEST(Param, APatternThatTakesTooLongIsAnError) {
  ParamDecl slow;
  slow.name = "slow";
  slow.pattern = "(a+)+b";
  const auto answer = canonical_param(slow, json::string(std::string(60, 'a') + "c"));
  ASSERT_FALSE(answer.ok());
  EXPECT_THAT(answer.error().message, HasSubstr("parameter 'slow'"));
}

}  // namespace
}  // namespace cairn
