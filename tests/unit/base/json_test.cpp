#include "core/base/json.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/base/random.h"

namespace cairn {
namespace {

TEST(Json, CanonicalTextDoesNotDependOnOrder) {
  const auto a = parse_json(R"({"b": [1, 2.5, null], "a": {"y": true, "x": "é"}})");
  const auto b = parse_json(R"({"a":{"x":"é","y":true},"b":[1,2.5,null]})");
  ASSERT_TRUE(a.ok() && b.ok());
  EXPECT_EQ(canonical_json(*a), canonical_json(*b));
  EXPECT_EQ(canonical_json(json::object{{"b", 1}, {"a", "q\"\n"}}), R"({"a":"q\"\n","b":1})");
}

TEST(Json, MalformedTextIsRefused) {
  for (const char* text : {"", "{", "{} {}", "{\"a\":1,}", "[1 2]", "nul", "\"\xff\"", "'a'"}) {
    EXPECT_FALSE(parse_json(text).ok()) << text;
  }
}

TEST(Json, DoublesComeBackToTheLastBit) {
  RandomStream stream(5, "doubles");
  for (int i = 0; i < 20000; ++i) {
    const double value = (stream.uniform() - 0.5) * std::exp(40 * (stream.uniform() - 0.5));
    const auto back = parse_json(canonical_json(json::array{value}));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->at(0).as_double(), value);
  }
}

TEST(Json, DepthIsLimited) {
  const auto nested = [](int depth) { return std::string(depth, '[') + std::string(depth, ']'); };
  EXPECT_TRUE(parse_json(nested(60)).ok());
  EXPECT_FALSE(parse_json(nested(100'000)).ok());
}

TEST(Json, TypedAccessNamesTheKey) {
  const auto object = parse_json_object(R"({"n": 3, "s": "x", "big": 18446744073709551615})");
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(*get_int(*object, "n"), 3);
  EXPECT_EQ(*get_double(*object, "n"), 3.0);
  EXPECT_EQ(*get_uint(*object, "big"), 18446744073709551615u);
  const auto missing = get_string(*object, "name");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, ErrorCode::kNotFound);
  const auto wrong = get_int(*object, "s");
  ASSERT_FALSE(wrong.ok());
  EXPECT_NE(wrong.error().message.find("'s'"), std::string::npos);
  EXPECT_FALSE(get_uint(*parse_json_object(R"({"n": -1})"), "n").ok());
}

TEST(Json, PrettyTextParsesBack) {
  const json::value value = json::object{{"a", json::array{1, json::object{}}}, {"b", "c"}};
  const auto text = pretty_json(value);
  EXPECT_TRUE(text.ends_with("}\n"));
  EXPECT_EQ(*parse_json(text), value);
}

}  // namespace
}  // namespace cairn
