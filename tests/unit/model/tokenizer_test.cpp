#include "plugins/lib/model/tokenizer.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

const fs::path& folder() {
  static const fs::path path = fixtures() / "tokenizer";
  return path;
}

Tokenizer reference() {
  return Tokenizer::load(folder()).value();
}

std::string text_of(const json::object& line, const char* key) {
  return std::string(line.at(key).as_string());
}

void expect_vectors(const Tokenizer& tokenizer) {
  for (const json::object& line : read_lines(folder() / "vectors.jsonl")) {
    const std::vector<TokenId> ids = ids_of(line.at("ids"));
    EXPECT_EQ(tokenizer.encode(text_of(line, "text")), ids) << json::serialize(line);
    EXPECT_EQ(tokenizer.decode(ids), text_of(line, "decoded"));
    const bool differs = line.contains("decoded_without_special");
    EXPECT_EQ(tokenizer.decode(ids, true),
              text_of(line, differs ? "decoded_without_special" : "decoded"));
  }
}

TEST(Tokenizer, EncodesAndDecodesAsTheReference) {
  expect_vectors(reference());
}

TEST(Tokenizer, ReadsMergesWrittenAsStrings) {
  const auto tokenizer = Tokenizer::from_json(read_text(folder() / "tokenizer.other-merges.json"));
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  expect_vectors(*tokenizer);
}

TEST(Tokenizer, DecodesIdsThatNoTextEncodesTo) {
  const Tokenizer tokenizer = reference();
  for (const json::object& line : read_lines(folder() / "decode.jsonl")) {
    EXPECT_EQ(tokenizer.decode(ids_of(line.at("ids"))), text_of(line, "decoded"));
  }
}

TEST(Tokenizer, RendersChats) {
  const Tokenizer tokenizer = reference();
  for (const json::object& line : read_lines(folder() / "chat.jsonl")) {
    std::vector<ChatMessage> messages;
    for (const json::value& message : line.at("messages").as_array()) {
      messages.push_back({std::string(message.at("role").as_string()),
                          std::string(message.at("content").as_string())});
    }
    const json::value& thinking = line.at("enable_thinking");
    const std::string text =
        render_chat(messages, line.at("add_generation_prompt").as_bool(),
                    thinking.is_null() ? std::nullopt : std::optional(thinking.as_bool()));
    EXPECT_EQ(text, text_of(line, "text"));
    EXPECT_EQ(tokenizer.encode(text), ids_of(line.at("ids")));
  }
}

// CAIRN_SMOLLM2 names the folder that SmolLM2-135M-Instruct was imported to.
TEST(Tokenizer, AgreesWithTheReferenceOfSmolLm2) {
  const char* imported = std::getenv("CAIRN_SMOLLM2");
  if (imported == nullptr) GTEST_SKIP() << "CAIRN_SMOLLM2 names no folder";
  const auto tokenizer = Tokenizer::load(imported);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  for (const json::object& line : read_lines(fixtures() / "smollm2" / "tokenizer.jsonl")) {
    const std::vector<TokenId> ids = ids_of(line.at("ids"));
    EXPECT_EQ(tokenizer->encode(text_of(line, "text")), ids) << json::serialize(line);
    EXPECT_EQ(tokenizer->decode(ids), text_of(line, "decoded"));
  }
  // Prompts of one user turn: the default system message is in them.
  for (const json::object& line : read_lines(fixtures() / "smollm2" / "generations.jsonl")) {
    const std::string prompt = text_of(line, "prompt");
    EXPECT_EQ(tokenizer->encode(prompt), ids_of(line.at("ids")));
    const std::string user = "<|im_start|>user\n";
    const std::size_t begin = prompt.find(user);
    const std::size_t end = prompt.find("<|im_end|>", begin);
    if (begin == std::string::npos || prompt.find(user, end) != std::string::npos) continue;
    const std::string question = prompt.substr(begin + user.size(), end - begin - user.size());
    const std::string rendered = tokenizer->chat().render({{"user", question}}, true).value();
    if (prompt.ends_with(rendered.substr(rendered.find(user)))) {
      EXPECT_EQ(rendered, prompt);
    }
  }
}

TEST(Tokenizer, RefusesWhatItWouldReadOtherwise) {
  const json::object good = parse_json_object(read_text(folder() / "tokenizer.json")).value();
  const auto refused = [&](const std::function<void(json::object&)>& change) {
    json::object changed = good;
    change(changed);
    return !Tokenizer::from_json(json::serialize(changed)).ok();
  };
  EXPECT_TRUE(refused([](auto& o) { o["normalizer"] = {{"type", "Lowercase"}}; }));
  EXPECT_TRUE(refused([](auto& o) { o["pre_tokenizer"] = nullptr; }));
  EXPECT_TRUE(refused([](auto& o) { o["model"].as_object()["type"] = "Unigram"; }));
  EXPECT_TRUE(refused([](auto& o) { o["model"].as_object()["byte_fallback"] = true; }));
  EXPECT_TRUE(refused([](auto& o) {
    o["model"].as_object()["merges"].as_array().push_back({"no such", "token"});
  }));
  EXPECT_FALSE(refused([](auto&) {}));
}

TEST(TokenizerTraining, TakesTheMostFrequentPairAndThenTheLowerIds) {
  // "aab" 3 times, "ab" 2 times: (a, b) occurs 5 times, then (a, ab) 3 times.
  const std::string text = "aab\naab\naab\nab\nab";
  const auto trained = train_tokenizer({text}, 259 + 2);
  ASSERT_TRUE(trained.ok());
  const auto tokenizer = Tokenizer::from_json(*trained);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  EXPECT_EQ(tokenizer->vocab_size(), 261);
  EXPECT_EQ(tokenizer->bytes(256), "ab");
  EXPECT_EQ(tokenizer->bytes(257), "aab");
  EXPECT_EQ(tokenizer->find(kImEnd), 260);
  EXPECT_EQ(tokenizer->encode("aab<|im_end|>"), (std::vector<TokenId>{257, 260}));
}

TEST(TokenizerTraining, RoundTripsAndRepeats) {
  std::vector<std::string> texts;
  for (const json::object& line : read_lines(folder() / "vectors.jsonl")) {
    texts.push_back(text_of(line, "text"));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const auto trained = train_tokenizer(views, 1000);
  ASSERT_TRUE(trained.ok());
  EXPECT_EQ(train_tokenizer(views, 1000).value(), *trained);
  const Tokenizer tokenizer = Tokenizer::from_json(*trained).value();
  EXPECT_EQ(tokenizer.vocab_size(), 1000);
  for (const std::string plain : {"The answer is 42.", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x98\x80\r\n"}) {
    EXPECT_EQ(tokenizer.decode(tokenizer.encode(plain)), plain);
  }
  EXPECT_EQ(tokenizer.encode("12").size(), 2U) << "digits stay alone";
  EXPECT_FALSE(train_tokenizer(views, 258).ok());
}

}  // namespace
}  // namespace cairn::model
