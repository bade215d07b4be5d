// The scanners against PCRE2 and the patterns they stand for.
#include "plugins/lib/model/piece_scanner.h"

#include <gtest/gtest.h>
#include <unicode/uchar.h>

#include "core/base/random.h"
#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/split_pattern.h"

namespace cairn::model {
namespace {

using Pieces = std::vector<std::string_view>;

Pieces scanned(const PieceScanner& scanner, std::string_view text) {
  Pieces pieces;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = scanner.end_of_piece(text, at);
    pieces.push_back(text.substr(at, end - at));
    at = end;
  }
  return pieces;
}

Pieces matched(const SplitPattern& pattern, std::string_view text) {
  Pieces pieces;
  pattern.split(text, pieces);
  return pieces;
}

void append(std::string& text, char32_t c) {
  if (c < 0x80) {
    text += static_cast<char>(c);
  } else if (c < 0x800) {
    text += {static_cast<char>(0xc0 | c >> 6), static_cast<char>(0x80 | (c & 0x3f))};
  } else if (c < 0x10000) {
    text += {static_cast<char>(0xe0 | c >> 12), static_cast<char>(0x80 | (c >> 6 & 0x3f)),
             static_cast<char>(0x80 | (c & 0x3f))};
  } else {
    text += {static_cast<char>(0xf0 | c >> 18), static_cast<char>(0x80 | (c >> 12 & 0x3f)),
             static_cast<char>(0x80 | (c >> 6 & 0x3f)), static_cast<char>(0x80 | (c & 0x3f))};
  }
}

// In the data of every Unicode version that a library here may have.
bool old_enough(char32_t c) {
  UVersionInfo age;
  u_charAge(static_cast<UChar32>(c), age);
  return age[0] > 0 && age[0] <= 14 && !(c >= 0xd800 && c < 0xe000);
}

char32_t random_char(RandomStream& random) {
  // Each kind that a pattern tells apart, ASCII and not, and what borders on it.
  static const std::u32string kTelling =
      U"''''sStTmMdDrRvVlLeE \n\r\t 09az.,_-\u017f\u00a0\u0085\u180e\u2028\u3000\u200b"
      U"\u00bd\u0660\u2160\u00e9\u0301\u4e2d\u3042\U0001f600\U00020000\ufeff\u1680\u0903";
  if (random.below(4) != 0) return kTelling[random.below(kTelling.size())];
  for (;;) {
    const auto c = static_cast<char32_t>(random.below(random.below(2) == 0 ? 0x3000 : 0x110000));
    if (old_enough(c)) return c;
  }
}

void expect_equal_on_random_text(const std::string& pattern, const PieceScanner& scanner) {
  const SplitPattern reference = SplitPattern::compile(pattern).value();
  for (std::uint64_t round = 0; round < 60'000; ++round) {
    RandomStream random(1, "piece scanner", {round});
    std::string text;
    for (std::uint64_t left = 1 + random.below(24); left > 0; --left) {
      append(text, random_char(random));
    }
    ASSERT_EQ(scanned(scanner, text), matched(reference, text)) << text << ", round " << round;
  }
}

void expect_equal_on_every_char(const std::string& pattern, const PieceScanner& scanner) {
  const SplitPattern reference = SplitPattern::compile(pattern).value();
  std::string text;
  for (char32_t c = 0; c < 0x110000; ++c) {
    if (!old_enough(c)) continue;
    for (const char* around : {"a", "1", " ", ".", "\n", "'"}) {
      text += around;
      append(text, c);
    }
  }
  ASSERT_EQ(scanned(scanner, text), matched(reference, text));
}

std::string with_three_digits() {
  std::string pattern = kQwen2Pattern;
  pattern.replace(pattern.find("|\\p{N}|"), 7, "|\\p{N}{1,3}|");
  return pattern;
}

TEST(PieceScanner, CutsRandomTextAsThePatternDoes) {
  for (const std::string& pattern :
       {std::string(kQwen2Pattern), std::string(kGpt2Pattern), with_three_digits()}) {
    expect_equal_on_random_text(pattern, PieceScanner::for_pattern(pattern).value());
  }
  expect_equal_on_random_text("\\p{N}", PieceScanner(PieceScanner::Rule::kDigit));
  expect_equal_on_random_text("\\p{N}+", PieceScanner(PieceScanner::Rule::kDigits));
}

TEST(PieceScanner, KnowsEveryCodePointAsThePatternDoes) {
  for (const char* pattern : {kQwen2Pattern, kGpt2Pattern}) {
    expect_equal_on_every_char(pattern, PieceScanner::for_pattern(pattern).value());
  }
  expect_equal_on_every_char("\\p{N}", PieceScanner(PieceScanner::Rule::kDigit));
}

TEST(PieceScanner, HasNoneForOtherPatterns) {
  EXPECT_FALSE(PieceScanner::for_pattern("\\p{L}+"));
}

TEST(SplitPattern, CutsAtEmptyMatches) {
  const auto pattern = SplitPattern::compile("x*");
  ASSERT_TRUE(pattern.ok());
  EXPECT_EQ(matched(*pattern, "\xc3\xa9x\xe6\x97\xa5"), (Pieces{"\xc3\xa9", "x", "\xe6\x97\xa5"}));
  EXPECT_EQ(matched(*pattern, "abxc"), (Pieces{"a", "b", "x", "c"}));
}

TEST(SplitPattern, RefusesByNameWhatMeansSomethingElseToThisLibrary) {
  const auto refusal = [](const char* pattern) {
    const auto compiled = SplitPattern::compile(pattern);
    return compiled.ok() ? std::string() : compiled.error().message;
  };
  EXPECT_NE(refusal("\\w+").find("\\w"), std::string::npos);
  EXPECT_NE(refusal("(a+)+").find("a repeated group"), std::string::npos);
  EXPECT_NE(refusal("[a[b]]").find("a class in a class"), std::string::npos);
  EXPECT_NE(refusal("^a").find("an anchor"), std::string::npos);
  EXPECT_NE(refusal("(?>a)").find("group"), std::string::npos);
  EXPECT_NE(refusal("a(").find("does not compile"), std::string::npos);
  EXPECT_EQ(refusal(kQwen2Pattern), "");
}

TEST(SplitPattern, StaysUprightOnLongRunsOfSpace) {
  const auto pattern = SplitPattern::compile(with_three_digits());
  ASSERT_TRUE(pattern.ok());
  const std::string text(20'000, ' ');
  EXPECT_EQ(matched(*pattern, text).size(), 1U);
}

TEST(NormalForm, IsSureOnlyWhereNfcChangesNothing) {
  EXPECT_TRUE(surely_nfc("plain \xc3\xa9 \xe6\x97\xa5"));
  EXPECT_FALSE(surely_nfc("e\xcc\x81"));
  // Code points without a say of their own are their own NFC, and so is a text of them.
  for (char32_t c = 1; c < 0x110000; ++c) {
    if (c >= 0xd800 && c < 0xe000) continue;
    std::string text = "a";
    append(text, c);
    if (!surely_nfc(text)) continue;
    // ICU reads the whole of a text that has a combining mark anywhere.
    ASSERT_EQ(nfc(text + "a\xcc\x81"), text + "\xc3\xa1") << static_cast<std::uint32_t>(c);
  }
}

TEST(NormalForm, TellsWhereRewrittenBytesComeFrom) {
  Alignment from;
  const std::string text = "ab e\xcc\x81 cd";
  const std::string composed = nfc(text, &from);
  ASSERT_EQ(composed, "ab \xc3\xa9 cd");
  EXPECT_EQ(from.source_of({0, 2}), (ByteSpan{0, 2}));
  EXPECT_EQ(from.source_of({3, 5}), (ByteSpan{3, 6}));
  EXPECT_EQ(from.source_of({3, 4}), (ByteSpan{3, 6}));
  EXPECT_EQ(from.source_of({5, 8}), (ByteSpan{6, 9}));
}

}  // namespace
}  // namespace cairn::model
