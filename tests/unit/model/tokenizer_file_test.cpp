// What tokenizer.json may hold, and what is refused by name.
#include <gtest/gtest.h>

#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/tokenizer_variants.h"

namespace cairn::model {
namespace {

std::string refusal(const Change& change) {
  const auto tokenizer = Tokenizer::from_json(changed_tokenizer(change));
  return tokenizer.ok() ? "" : tokenizer.error().to_string();
}

void expect_refused(const std::string& named, const Change& change) {
  const std::string message = refusal(change);
  EXPECT_NE(message.find(named), std::string::npos) << named << " | " << message;
}

json::object& vocab_of(json::object& root) {
  return model_of(root).at("vocab").as_object();
}

json::object& step_of(json::object& root, std::size_t index) {
  return root["pre_tokenizer"].as_object()["pretokenizers"].as_array()[index].as_object();
}

TEST(TokenizerFile, ReadsEveryVariant) {
  for (const auto& [name, change] : tokenizer_variants()) EXPECT_EQ(refusal(change), "") << name;
}

TEST(TokenizerFile, NamesMembersThatItDoesNotHonour) {
  expect_refused("truncation", [](auto& o) { o["truncation"] = json::object{{"max_length", 3}}; });
  expect_refused("padding", [](auto& o) { o["padding"] = json::object{}; });
  expect_refused("Lowercase", [](auto& o) { o["normalizer"] = {{"type", "Lowercase"}}; });
  expect_refused("NFKC", [](auto& o) {
    o["normalizer"] = {{"type", "Sequence"},
                       {"normalizers", json::array{json::object{{"type", "NFKC"}}}}};
  });
  expect_refused("Unigram", [](auto& o) { model_of(o)["type"] = "Unigram"; });
  expect_refused("byte_fallback", [](auto& o) { model_of(o)["byte_fallback"] = true; });
  expect_refused("dropout", [](auto& o) { model_of(o)["dropout"] = 0.1; });
  expect_refused("end_of_word_suffix", [](auto& o) { model_of(o)["end_of_word_suffix"] = "</w>"; });
  expect_refused("ignore_merges", [](auto& o) { model_of(o)["ignore_merges"] = "yes"; });
  expect_refused("decoder", [](auto& o) { o["decoder"] = nullptr; });
  expect_refused("WordPiece", [](auto& o) { o["decoder"] = {{"type", "WordPiece"}}; });
  expect_refused("post_processor \"Other\"", [](auto& o) {
    o["post_processor"] = {{"type", "Other"}};
  });
  expect_refused("without pre_tokenizer", [](auto& o) { o["pre_tokenizer"] = nullptr; });
  expect_refused("Whitespace", [](auto& o) { step_of(o, 0)["type"] = "Whitespace"; });
  expect_refused("Removed", [](auto& o) { step_of(o, 0)["behavior"] = "Removed"; });
  expect_refused("invert", [](auto& o) { step_of(o, 0)["invert"] = true; });
  expect_refused("no Regex", [](auto& o) { step_of(o, 0)["pattern"] = {{"String", " "}}; });
  expect_refused("\\w", [](auto& o) { split_by(o, "\\w+"); });
  expect_refused("add_prefix_space", [](auto& o) { step_of(o, 1)["add_prefix_space"] = true; });
  expect_refused("after ByteLevel", [](auto& o) {
    o["pre_tokenizer"].as_object()["pretokenizers"].as_array().push_back(
        json::object{{"type", "Digits"}});
  });
}

TEST(TokenizerFile, NamesIdsThatAreNotWhatTheyOughtToBe) {
  const auto last = [](auto& o) -> json::object& {
    return o["added_tokens"].as_array().back().as_object();
  };
  const std::string name(parse_json_object(changed_tokenizer([](auto&) {}))
                             .value()
                             .at("added_tokens")
                             .as_array()
                             .back()
                             .at("content")
                             .as_string());
  expect_refused(name, [&](auto& o) { last(o)["id"] = size_of(o) + 900; });
  expect_refused("by its place", [&](auto& o) { last(o)["id"] = 0; });
  expect_refused("has id -1", [&](auto& o) { vocab_of(o)["!"] = -1; });
  expect_refused("without holes", [&](auto& o) { vocab_of(o)["!"] = std::int64_t{1} << 40; });
  expect_refused("belongs to both", [&](auto& o) { vocab_of(o)["!"] = vocab_of(o).at("\""); });
  expect_refused("is no integer", [&](auto& o) { vocab_of(o)["!"] = "0"; });
  expect_refused("is there twice", [&](auto& o) {
    o["added_tokens"].as_array().push_back(o["added_tokens"].as_array().back());
  });
  expect_refused("is empty", [&](auto& o) { last(o)["content"] = ""; });
  expect_refused("the vocabulary gives it id", [&](auto& o) { last(o)["content"] = "!"; });
}

TEST(TokenizerFile, NamesTheMissingIdOfAHole) {
  expect_refused("no token has id 0", [](json::object& o) {
    o["added_tokens"].as_array().clear();
    const std::int64_t quote = vocab_of(o).at("\"").as_int64();
    o["added_tokens"].as_array().push_back(json::object{{"content", "\""}, {"id", quote}});
    vocab_of(o)["!"] = static_cast<std::int64_t>(vocab_of(o).size());
  });
}

TEST(TokenizerFile, NamesMergesThatAreNone) {
  const auto push = [](const json::value& merge) {
    return [merge](json::object& o) { model_of(o)["merges"].as_array().push_back(merge); };
  };
  expect_refused("needs the token \"no such\"", push(json::array{"no such", "!"}));
  expect_refused("needs the token \"~Q\"", push(json::array{"~", "Q"}));
  expect_refused("is not two tokens", push("a b c"));
  expect_refused("is neither a pair nor a string", push(3));
  expect_refused("is neither a pair nor a string", push(json::array{"a", "b", "c"}));
}

TEST(TokenizerFile, NamesTheFile) {
  const TempFolder folder;
  ASSERT_TRUE(real_file_system().write_atomic(folder.path() / "tokenizer.json", "{}").ok());
  const auto tokenizer = Tokenizer::load(folder.path());
  ASSERT_FALSE(tokenizer.ok());
  EXPECT_NE(tokenizer.error().message.find((folder.path() / "tokenizer.json").string()),
            std::string::npos);
}

}  // namespace
}  // namespace cairn::model
