#include "plugins/lib/grade/answer.h"

#include <unicode/locid.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <cctype>

namespace cairn::grade {
namespace {

constexpr std::string_view kMarker = "the answer is";
constexpr std::string_view kThoughtEnd = "</think>";

bool is_ascii_punctuation(UChar32 c) {
  return c < 128 && std::ispunct(static_cast<int>(c)) != 0;
}

bool is_space(UChar32 c) {
  return u_isUWhiteSpace(c) != 0 || (c >= 0x1c && c <= 0x1f);
}

bool is_word(UChar32 c) {
  const auto type = u_charType(c);
  return u_isalnum(c) != 0 || type == U_LETTER_NUMBER || type == U_OTHER_NUMBER;
}

bool is_article(const icu::UnicodeString& word) {
  return word == u"a" || word == u"an" || word == u"the";
}

icu::UnicodeString without_punctuation(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1))
    if (!is_ascii_punctuation(text.char32At(i))) out.append(text.char32At(i));
  return out;
}

icu::UnicodeString without_articles(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  icu::UnicodeString word;
  const auto flush = [&] {
    out.append(is_article(word) ? icu::UnicodeString(u" ") : word);
    word.remove();
  };
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (is_word(c)) {
      word.append(c);
    } else {
      flush();
      out.append(c);
    }
  }
  flush();
  return out;
}

icu::UnicodeString with_single_spaces(const icu::UnicodeString& text) {
  icu::UnicodeString out;
  bool gap = false;
  for (int32_t i = 0; i < text.length(); i = text.moveIndex32(i, 1)) {
    const UChar32 c = text.char32At(i);
    if (is_space(c)) {
      gap = !out.isEmpty();
      continue;
    }
    if (gap) out.append(u' ');
    gap = false;
    out.append(c);
  }
  return out;
}

}  // namespace

std::optional<std::string_view> after_thought(std::string_view response, bool thinks) {
  if (!thinks) return response;
  const auto end = response.rfind(kThoughtEnd);
  if (end == std::string_view::npos) return std::nullopt;
  return response.substr(end + kThoughtEnd.size());
}

std::optional<std::string_view> final_answer(std::string_view response, bool thinks) {
  const auto text = after_thought(response, thinks);
  if (!text) return std::nullopt;
  const auto equal = [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) == static_cast<unsigned char>(b);
  };
  const auto found =
      std::find_end(text->begin(), text->end(), kMarker.begin(), kMarker.end(), equal);
  if (found == text->end()) return std::nullopt;
  return text->substr(static_cast<std::size_t>(found - text->begin()) + kMarker.size());
}

std::string normalise(std::string_view text) {
  auto unicode = icu::UnicodeString::fromUTF8(
      icu::StringPiece(text.data(), static_cast<int32_t>(text.size())));
  unicode.toLower(icu::Locale::getRoot());
  std::string out;
  with_single_spaces(without_articles(without_punctuation(unicode))).toUTF8String(out);
  return out;
}

bool covers(std::string_view answer, const std::vector<std::string>& accepted) {
  const std::string given = normalise(answer);
  return std::ranges::any_of(accepted, [&](const std::string& text) {
    const std::string wanted = normalise(text);
    return !wanted.empty() && given.find(wanted) != std::string::npos;
  });
}

bool cover_match(std::string_view response, const std::vector<std::string>& accepted, bool thinks) {
  const auto answer = final_answer(response, thinks);
  return answer && covers(*answer, accepted);
}

std::optional<char> longbench_letter(std::string_view response) {
  constexpr std::string_view kPhrase = "The correct answer is ";
  std::string text(response);
  std::erase(text, '*');
  const auto letter_at = [&](std::size_t i) -> std::optional<char> {
    if (i < text.size() && text[i] >= 'A' && text[i] <= 'D') return text[i];
    return std::nullopt;
  };
  std::optional<char> bare;
  for (auto at = text.find(kPhrase); at != std::string::npos; at = text.find(kPhrase, at + 1)) {
    const std::size_t next = at + kPhrase.size();
    if (next < text.size() && text[next] == '(' && next + 2 < text.size() &&
        text[next + 2] == ')') {
      if (auto letter = letter_at(next + 1)) return letter;
    }
    if (!bare) bare = letter_at(next);
  }
  return bare;
}

std::optional<char> choice_letter(std::string_view answer) {
  const auto alnum = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0; };
  const auto first = std::ranges::find_if(answer, alnum);
  if (first == answer.end()) return std::nullopt;
  const auto next = std::next(first);
  const bool alone = next == answer.end() || !alnum(*next);
  if (!alone || std::isalpha(static_cast<unsigned char>(*first)) == 0) return std::nullopt;
  return static_cast<char>(std::toupper(static_cast<unsigned char>(*first)));
}

}  // namespace cairn::grade
