// Spans, text streams, added tokens with flags, and words of any length.
#include <gtest/gtest.h>

#include <thread>

#include "core/base/random.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/tokenizer_variants.h"

namespace cairn::model {
namespace {

Tokenizer changed(const Change& change) {
  return Tokenizer::from_json(changed_tokenizer(change)).value();
}

const Tokenizer& plain() {
  static const Tokenizer tokenizer = changed([](json::object&) {});
  return tokenizer;
}

std::vector<std::string> fixture_texts() {
  std::vector<std::string> texts;
  for (const json::object& line : read_lines(fixtures() / "tokenizer" / "vectors.jsonl")) {
    texts.emplace_back(line.at("text").as_string());
  }
  return texts;
}

TEST(TokenizerSpans, CoverTheTextInOrder) {
  for (const std::string& text : fixture_texts()) {
    const Encoding made = plain().encode_with_spans(text);
    ASSERT_EQ(made.ids, plain().encode(text));
    ASSERT_EQ(made.spans.size(), made.ids.size());
    std::size_t covered = 0;
    for (const ByteSpan& span : made.spans) {
      ASSERT_LE(span.begin, covered) << text;
      ASSERT_LT(span.begin, span.end);
      covered = std::max(covered, span.end);
    }
    ASSERT_EQ(covered, text.size()) << text;
  }
}

TEST(TokenizerSpans, OfAWholeTokenAreItsBytes) {
  const std::string text = "The answer is 42.<|im_end|>";
  const Encoding made = plain().encode_with_spans(text);
  std::string joined;
  for (std::size_t i = 0; i < made.ids.size(); ++i) {
    const ByteSpan span = made.spans[i];
    EXPECT_EQ(text.substr(span.begin, span.end - span.begin), plain().bytes(made.ids[i]));
  }
}

TEST(TokenizerSpans, GrowToWholeCodePointsAndToWhatNfcComposed) {
  const std::string text = "x\xf0\x9f\x98\x80 e\xcc\x81.";
  const Encoding made = plain().encode_with_spans(text);
  const auto has = [&](std::size_t begin, std::size_t end) {
    return std::ranges::any_of(made.spans, [&](const ByteSpan& span) {
      return span.begin <= begin && span.end >= end && span.end - span.begin < text.size();
    });
  };
  EXPECT_TRUE(has(1, 5)) << "the four bytes of one code point";
  EXPECT_TRUE(has(6, 9)) << "e and its accent";
  EXPECT_EQ(made.spans.back(), (ByteSpan{9, 10}));
}

TEST(TokenizerSpans, GoBackToBrokenBytes) {
  const std::string text = "ab\xff\xff cd";
  const Encoding made = plain().encode_with_spans(text);
  EXPECT_EQ(made.ids, plain().encode("ab\xef\xbf\xbd\xef\xbf\xbd cd"));
  EXPECT_EQ(made.spans.front().begin, 0U);
  EXPECT_EQ(made.spans.back().end, text.size());
  EXPECT_TRUE(std::ranges::find(made.spans, ByteSpan{2, 3}) != made.spans.end() ||
              std::ranges::find(made.spans, ByteSpan{2, 4}) != made.spans.end());
}

TEST(TextStream, JoinsToWhatDecodeSaysAndNeverSplitsACharacter) {
  for (std::uint64_t round = 0; round < 3000; ++round) {
    RandomStream random(3, "text stream", {round});
    std::vector<TokenId> ids;
    for (std::uint64_t left = random.below(12); left > 0; --left) {
      // Low ids are single bytes: broken and whole characters of all kinds.
      const std::uint64_t most = random.below(3) != 0 ? 256 : plain().vocab_size() + 2;
      ids.push_back(static_cast<TokenId>(random.below(most)));
    }
    for (const bool skip : {false, true}) {
      TextStream stream(plain(), skip);
      std::string joined;
      for (const TokenId id : ids) {
        const std::string piece = stream.add(id);
        ASSERT_EQ(lossy_utf8(piece), piece);
        joined += piece;
      }
      joined += stream.finish();
      ASSERT_EQ(joined, plain().decode(ids, skip)) << "round " << round;
    }
  }
}

TEST(TextStream, HoldsACharacterBackOnlyUntilItIsWhole) {
  TextStream stream(plain());
  const std::vector<TokenId> ids = plain().encode("\xf0\x9f\xa6\xa9");
  std::string joined;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const std::string piece = stream.add(ids[i]);
    EXPECT_EQ(piece.empty(), i + 1 < ids.size());
    joined += piece;
  }
  EXPECT_EQ(joined, "\xf0\x9f\xa6\xa9");
  EXPECT_EQ(stream.finish(), "");
}

TEST(AddedTokens, TakeWhiteSpaceAlongOnTheSidesTheyAreToldTo) {
  const Tokenizer tokenizer = changed([](json::object& root) {
    add_token(root, "<l>", {"lstrip"});
    add_token(root, "<r>", {"rstrip"});
  });
  const TokenId left = tokenizer.find("<l>").value();
  const TokenId right = tokenizer.find("<r>").value();
  EXPECT_EQ(tokenizer.encode(" \n\xc2\xa0<l><r> \t"), (std::vector<TokenId>{left, right}));
  EXPECT_EQ(tokenizer.encode("<l> <l>"), (std::vector<TokenId>{left, left}));
  EXPECT_EQ(tokenizer.encode_with_spans("  <l>").spans.front(), (ByteSpan{0, 5}));
}

TEST(AddedTokens, OfASingleWordStandAlone) {
  const Tokenizer tokenizer =
      changed([](json::object& root) { add_token(root, "<w>", {"single_word"}); });
  const TokenId id = tokenizer.find("<w>").value();
  const auto has = [&](const std::string& text) {
    return std::ranges::count(tokenizer.encode(text), id) == 1;
  };
  EXPECT_TRUE(has("<w>"));
  EXPECT_TRUE(has(" <w>."));
  EXPECT_FALSE(has("a<w>"));
  EXPECT_FALSE(has("<w>_"));
  EXPECT_FALSE(has("\xc3\xa9<w>"));
}

// The rule of BPE, as slowly as it reads.
std::vector<TokenId> merged_slowly(const json::object& root, const Tokenizer& tokenizer,
                                   const std::string& word) {
  std::map<std::pair<std::string, std::string>, std::size_t> ranks;
  for (const json::value& merge : root.at("model").at("merges").as_array()) {
    const std::string left(merge.as_array()[0].as_string());
    const std::string right(merge.as_array()[1].as_string());
    ranks.emplace(std::pair(left, right), ranks.size());
  }
  std::vector<std::string> symbols;
  for (const char c : word) symbols.emplace_back(1, c);
  for (;;) {
    std::size_t best = ranks.size();
    std::size_t at = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const auto found = ranks.find({symbols[i], symbols[i + 1]});
      if (found == ranks.end() || found->second >= best) continue;
      best = found->second;
      at = i;
    }
    if (best == ranks.size()) break;
    symbols[at] += symbols[at + 1];
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(at) + 1);
  }
  std::vector<TokenId> ids;
  for (const std::string& symbol : symbols) ids.push_back(tokenizer.find(symbol).value());
  return ids;
}

TEST(Bpe, MergesWordsOfAnyLengthByTheSameRule) {
  const json::object root = parse_json_object(changed_tokenizer([](json::object&) {})).value();
  for (const std::size_t length : {1U, 2U, 7U, 22U, 23U, 255U, 256U, 257U, 600U}) {
    RandomStream random(4, "bpe", {length});
    std::string word;
    while (word.size() < length) word += "etaoinshrdlu"[random.below(12)];
    EXPECT_EQ(plain().encode(word), merged_slowly(root, plain(), word)) << word;
  }
}

TEST(Bpe, EncodesALongWordInTimeThatGrowsWithItsLength) {
  const std::string word(3'000'000, 'a');
  EXPECT_EQ(plain().decode(plain().encode(word)), word);
}

TEST(Tokenizer, EncodesAlikeOnManyThreadsAtOnce) {
  const std::vector<std::string> texts = fixture_texts();
  std::vector<std::vector<std::vector<TokenId>>> made(4);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : made) {
      threads.emplace_back([&] {
        for (const std::string& text : texts) mine.push_back(plain().encode(text));
      });
    }
  }
  for (const auto& mine : made) EXPECT_EQ(mine, made.front());
  EXPECT_EQ(made.front().size(), texts.size());
}

TEST(TokenizerTraining, LearnsTheSameOnAnyNumberOfThreads) {
  std::vector<std::string> texts = fixture_texts();
  // Many words, so that the first merges are shared among threads.
  for (std::uint64_t i = 0; i < 3000; ++i) {
    RandomStream random(5, "training", {i});
    std::string text;
    for (int word = 0; word < 20; ++word) {
      text += " ";
      for (std::uint64_t left = 3 + random.below(6); left > 0; --left) {
        text += "etaoin"[random.below(6)];
      }
    }
    texts.push_back(std::move(text));
  }
  const std::vector<std::string_view> views(texts.begin(), texts.end());
  const std::string one = train_tokenizer(views, 1200, 1).value();
  EXPECT_TRUE(one == train_tokenizer(views, 1200, 2).value());
  EXPECT_TRUE(one == train_tokenizer(views, 1200, 7).value());
  const std::vector<std::string_view> backwards(views.rbegin(), views.rend());
  EXPECT_TRUE(one == train_tokenizer(backwards, 1200, 3).value());
}

}  // namespace
}  // namespace cairn::model
