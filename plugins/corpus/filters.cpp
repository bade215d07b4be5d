#include "plugins/corpus/filters.h"

#include <algorithm>
#include <cctype>

#include "core/base/text.h"

namespace cairn::corpus {
namespace {

// Of valid UTF-8.
std::u32string code_points(std::string_view text) {
  std::u32string out;
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xFF >> (length + 1));
    for (std::size_t k = 1; k < length && i + k < text.size(); ++k) {
      point = (point << 6) | (static_cast<unsigned char>(text[i + k]) & 0x3F);
    }
    out += point;
    i += length;
  }
  return out;
}

bool ascii_letter(char32_t c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
// Latin-1 Supplement to Latin Extended-B and IPA, Latin Extended Additional.
bool latin_letter(char32_t c) {
  return ascii_letter(c) || (c >= 0xC0 && c <= 0x2AF && c != 0xD7 && c != 0xF7) ||
         (c >= 0x1E00 && c <= 0x1EFF);
}
// Beyond ASCII, everything that is not in a block of punctuation and symbols counts as a letter.
bool letter(char32_t c) {
  return latin_letter(c) || (c > 0x2AF && !(c >= 0x2000 && c <= 0x2BFF) && c != 0xFFFD);
}
bool digit_or_space(char32_t c) {
  return (c >= '0' && c <= '9') || c == ' ' || c == '\n';
}

double repetition(std::string_view text) {
  std::set<std::string_view> seen;
  std::size_t words = 0;
  for (const std::string_view line : split(text, '\n')) {
    for (const std::string_view word : split(line, ' ')) {
      if (word.empty() || word == "|") continue;
      ++words;
      seen.insert(word);
    }
  }
  return words == 0 ? 0 : 1 - static_cast<double>(seen.size()) / static_cast<double>(words);
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

std::string Filter::reason_to_drop(const text::Document& document) {
  std::string reason = against_shape(document);
  if (!reason.empty()) return reason;
  if (ids_.contains(document.id)) return "duplicate id";
  if (titles_.contains(document.title)) return "duplicate title";
  if (texts_.contains(document.text)) return "duplicate text";
  ids_.insert(document.id);
  titles_.insert(document.title);
  texts_.insert(document.text);
  return {};
}

std::string Filter::against_shape(const text::Document& document) const {
  if (!is_valid_utf8(document.text) || !is_valid_utf8(document.title)) return "invalid UTF-8";
  const std::u32string points = code_points(document.text);
  const auto length = static_cast<std::int64_t>(points.size());
  if (length < rules_.min_characters) return "too short";
  if (length > rules_.max_characters) return "too long";
  const auto lines = split(document.text, '\n');
  if (static_cast<std::int64_t>(lines.size()) < rules_.min_lines) return "too few lines";
  if (static_cast<std::int64_t>(lines.size()) > rules_.max_lines) return "too many lines";
  if (document.title.empty()) return "no title";
  if (static_cast<std::int64_t>(code_points(document.title).size()) > rules_.max_title) {
    return "title too long";
  }
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::size_t colon = lines[i].find(": ");
    if (colon == std::string_view::npos) continue;
    const auto value = code_points(lines[i].substr(colon + 2));
    if (static_cast<std::int64_t>(value.size()) > rules_.max_value) return "a value too long";
  }
  std::int64_t letters = 0, latin = 0, symbols = 0;
  for (const char32_t c : points) {
    if ((c < 0x20 && c != '\n') || (c >= 0x7F && c < 0xA0)) return "control characters";
    if (c == 0xFFFD) return "replacement characters";
    letters += letter(c) ? 1 : 0;
    latin += latin_letter(c) ? 1 : 0;
    symbols += letter(c) || digit_or_space(c) ? 0 : 1;
  }
  const auto share = [](std::int64_t part, std::int64_t whole) {
    return static_cast<double>(part) / static_cast<double>(whole);
  };
  if (share(symbols, length) > rules_.max_symbols) return "too many symbols";
  if (letters > 0 && share(latin, letters) < rules_.min_latin) return "not in the Latin script";
  if (repetition(document.text) > rules_.max_repetition) return "too repetitive";
  const std::string text = lower(document.text);
  for (const std::string& phrase : rules_.boilerplate) {
    if (text.find(phrase) != text.npos) return "boilerplate: " + phrase;
  }
  return {};
}

}  // namespace cairn::corpus
