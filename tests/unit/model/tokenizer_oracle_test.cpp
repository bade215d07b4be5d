// Random texts against HF tokenizers, where the Python named by CAIRN_PYTHON (else python3) has it.
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/split_pattern.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/python.h"
#include "tests/unit/model/tokenizer_variants.h"

namespace cairn::model {
namespace {

bool has_oracle() {
  return output_of(python() + " -c 'import tokenizers; print(1)'") == "1\n";
}

std::string oracle(const std::string& arguments) {
  return output_of(python() + " " CAIRN_SOURCE_DIR "/tests/unit/model/tokenizer_oracle.py " +
                   arguments);
}

// Cut from the fixture's texts and from code points that the parts of a tokenizer tell apart.
std::string random_text(std::uint64_t number) {
  static const std::vector<std::string> texts = [] {
    std::vector<std::string> all;
    for (const json::object& line : read_lines(fixtures() / "tokenizer" / "vectors.jsonl")) {
      all.emplace_back(line.at("text").as_string());
    }
    return all;
  }();
  static const std::vector<std::string> signs = {" ",
                                                 "  ",
                                                 "\n",
                                                 "\r\n",
                                                 "\t",
                                                 "'s",
                                                 "'S",
                                                 "'ll",
                                                 "1",
                                                 "42",
                                                 ".",
                                                 "zez",
                                                 "ezze",
                                                 "\xc3\xa9t",
                                                 "e\xcc\x81",
                                                 "\xe6\x97\xa5",
                                                 "\xe6\x97\xa5 b",
                                                 "\xc2\xa0",
                                                 "\xf0\x9f\x98\x80",
                                                 "<left>",
                                                 "<right>",
                                                 "<word>",
                                                 "<left>x",
                                                 " y",
                                                 "<|im_end|>",
                                                 "<think>",
                                                 "x",
                                                 "_",
                                                 "\xc2\xbd",
                                                 "\xcc\xa3",
                                                 "\xe1\x84\x80\xe1\x85\xa1\xe1\x86\xa8",
                                                 "\xe2\x80\x8d",
                                                 "\xc5\xbf",
                                                 "Ab",
                                                 "xx"};
  RandomStream random(7, "tokenizer oracle", {number});
  std::string text;
  for (std::uint64_t left = 1 + random.below(10); left > 0; --left) {
    if (random.below(3) != 0) {
      text += signs[random.below(signs.size())];
      continue;
    }
    const std::string& from = texts[random.below(texts.size())];
    if (from.empty()) continue;
    std::size_t begin = random.below(from.size());
    std::size_t end = std::min(from.size(), begin + random.below(40));
    const auto trail = [&](std::size_t at) {
      return at < from.size() && (static_cast<unsigned char>(from[at]) & 0xc0) == 0x80;
    };
    while (trail(begin)) ++begin;
    while (trail(end)) ++end;
    if (begin < end) text += from.substr(begin, end - begin);
  }
  return text;
}

void write_lines(const fs::path& file, const std::vector<std::string>& texts) {
  std::string lines;
  for (const std::string& text : texts) lines += json::serialize(json::value(text)) + "\n";
  ASSERT_TRUE(real_file_system().write_atomic(file, lines).ok());
}

std::vector<ByteSpan> spans_of(const json::value& value) {
  std::vector<ByteSpan> spans;
  for (const json::value& pair : value.as_array()) {
    spans.push_back({static_cast<std::size_t>(pair.as_array()[0].as_int64()),
                     static_cast<std::size_t>(pair.as_array()[1].as_int64())});
  }
  return spans;
}

void expect_as_oracle(const std::string& name, const std::string& file_text,
                      const std::vector<std::string>& texts) {
  SCOPED_TRACE(name);
  const TempFolder folder;
  const fs::path file = folder.path() / "tokenizer.json";
  ASSERT_TRUE(real_file_system().write_atomic(file, file_text).ok());
  write_lines(folder.path() / "texts", texts);
  const auto tokenizer = Tokenizer::from_json(file_text);
  ASSERT_TRUE(tokenizer.ok()) << tokenizer.error().to_string();
  const std::string answer =
      oracle("encode " + file.string() + " " + (folder.path() / "texts").string());
  ASSERT_TRUE(real_file_system().write_atomic(folder.path() / "answer", answer).ok());
  const std::vector<json::object> lines = read_lines(folder.path() / "answer");
  ASSERT_EQ(lines.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const Encoding made = tokenizer->encode_with_spans(texts[i]);
    const std::string shown = json::serialize(json::value(texts[i]));
    ASSERT_EQ(made.ids, ids_of(lines[i].at("ids"))) << shown;
    ASSERT_EQ(tokenizer->encode(texts[i]), made.ids) << shown;
    ASSERT_EQ(tokenizer->decode(made.ids), lines[i].at("decoded").as_string()) << shown;
    ASSERT_EQ(tokenizer->decode(made.ids, true), lines[i].at("decoded_without_special").as_string())
        << shown;
    // A byte that is left out moves the reference's later spans of its piece.
    const bool whole = tokenizer->decode(made.ids) == texts[i];
    if ((whole || name.starts_with("unknown")) && nfc(texts[i]) == texts[i]) {
      ASSERT_EQ(made.spans, spans_of(lines[i].at("spans"))) << shown;
    }
  }
}

std::vector<std::string> random_texts(std::uint64_t count) {
  std::vector<std::string> texts;
  for (std::uint64_t i = 0; i < count; ++i) texts.push_back(random_text(i));
  return texts;
}

TEST(TokenizerOracle, EncodesRandomTextAsHfTokenizersDoes) {
  if (!has_oracle()) GTEST_SKIP() << python() << " has no tokenizers";
  const std::vector<std::string> texts = random_texts(1500);
  for (const auto& [name, change] : tokenizer_variants()) {
    expect_as_oracle(name, changed_tokenizer(change), texts);
    if (HasFatalFailure()) return;
  }
}

TEST(TokenizerOracle, EncodesAsHfTokenizersDoesWithTheFolderNamed) {
  const char* folder = std::getenv("CAIRN_TOKENIZER");
  if (folder == nullptr) GTEST_SKIP() << "CAIRN_TOKENIZER names no folder";
  if (!has_oracle()) GTEST_SKIP() << python() << " has no tokenizers";
  expect_as_oracle(folder, read_text(fs::path(folder) / "tokenizer.json"), random_texts(4000));
}

TEST(TokenizerOracle, CutsEveryCodePointAsHfTokenizersDoes) {
  if (!has_oracle()) GTEST_SKIP() << python() << " has no tokenizers";
  std::vector<std::string> texts;
  std::string text;
  for (std::uint32_t c = 1; c < 0x32400; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string one;
    if (c < 0x80) {
      one = {static_cast<char>(c)};
    } else if (c < 0x800) {
      one = {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 63))};
    } else if (c < 0x10000) {
      one = {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 63)),
             static_cast<char>(0x80 | (c & 63))};
    } else {
      one = {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 63)),
             static_cast<char>(0x80 | (c >> 6 & 63)), static_cast<char>(0x80 | (c & 63))};
    }
    if (nfc(one) == one && surely_nfc(one)) text += " " + one + "a'" + one + "1" + one + "\n";
    if (text.size() < 4000) continue;
    texts.push_back(text);
    text.clear();
  }
  expect_as_oracle("every code point", read_text(fixtures() / "tokenizer" / "tokenizer.json"),
                   texts);
}

TEST(TokenizerOracle, LearnsTheMergesThatHfTokenizersLearnsAndWritesWhatItReads) {
  if (!has_oracle()) GTEST_SKIP() << python() << " has no tokenizers";
  const TempFolder folder;
  std::vector<std::string> texts = {kQwen2Pattern};
  for (const json::object& line : read_lines(fixtures() / "tokenizer" / "vectors.jsonl")) {
    texts.emplace_back(line.at("text").as_string());
  }
  write_lines(folder.path() / "texts", texts);
  const std::vector<std::string_view> views(texts.begin() + 1, texts.end());
  constexpr std::int64_t kVocabulary = 1500;
  const std::string trained = train_tokenizer(views, kVocabulary).value();
  const std::string answer =
      oracle("train " + (folder.path() / "texts").string() + " " + std::to_string(kVocabulary - 3));
  ASSERT_FALSE(answer.empty());
  EXPECT_EQ(parse_json_object(trained).value().at("model").at("merges"),
            parse_json(answer).value());
  expect_as_oracle("what was learned", trained, random_texts(500));
}

}  // namespace
}  // namespace cairn::model
