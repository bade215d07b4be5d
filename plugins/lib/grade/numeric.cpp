#include "plugins/lib/grade/numeric.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

namespace cairn::grade {
namespace {

constexpr std::array<std::string_view, 5> kCurrency = {"$", "€", "£", "¥", "₹"};
constexpr std::array<std::string_view, 3> kSigns = {"-", "−", "+"};
constexpr std::array<std::pair<std::string_view, double>, 4> kScales = {
    {{"thousand", 1e3}, {"million", 1e6}, {"billion", 1e9}, {"trillion", 1e12}}};

bool digit(char c) {
  return c >= '0' && c <= '9';
}
bool letter(char c) {
  return std::isalpha(static_cast<unsigned char>(c)) != 0 || (c & 0x80) != 0 || c == '_';
}

// A run of digits, points and commas (and an exponent), with its place in the text.
struct Token {
  std::size_t begin = 0;
  std::size_t end = 0;
};

Token scan_number(std::string_view text, std::size_t begin) {
  std::size_t end = begin;
  while (end < text.size() && (digit(text[end]) || text[end] == '.' || text[end] == ',')) ++end;
  while (end > begin && !digit(text[end - 1])) --end;  // a sentence's own punctuation
  if (end < text.size() && (text[end] == 'e' || text[end] == 'E')) {
    std::size_t exponent = end + 1;
    if (exponent < text.size() && (text[exponent] == '+' || text[exponent] == '-')) ++exponent;
    const std::size_t digits = exponent;
    while (exponent < text.size() && digit(text[exponent])) ++exponent;
    if (exponent > digits && (exponent == text.size() || !letter(text[exponent]))) end = exponent;
  }
  return {begin, end};
}

std::vector<Token> number_tokens(std::string_view text) {
  std::vector<Token> tokens;
  for (std::size_t i = 0; i < text.size();) {
    const bool starts =
        digit(text[i]) || (text[i] == '.' && i + 1 < text.size() && digit(text[i + 1]));
    if (!starts) {
      ++i;
      continue;
    }
    // The last byte of a currency or minus sign is no letter that the digits could belong to.
    const auto before = text.substr(0, i);
    const auto ends_with = [&](std::string_view sign) { return before.ends_with(sign); };
    const bool signed_before =
        std::ranges::any_of(kCurrency, ends_with) || std::ranges::any_of(kSigns, ends_with);
    const bool in_word = i > 0 && letter(text[i - 1]) && !signed_before;
    const Token token = scan_number(text, i);
    if (!in_word) tokens.push_back(token);
    i = token.end;
  }
  return tokens;
}

std::optional<double> parse_digits(std::string_view text) {
  const auto point = text.find_first_of(".eE");
  const std::string_view integer = text.substr(0, point);
  std::string plain;
  if (integer.find(',') == std::string_view::npos) {
    plain = text;
  } else {
    for (std::size_t i = 0; i < integer.size(); ++i) {
      const std::size_t from_end = integer.size() - i;
      const bool separator_due = from_end % 4 == 0;
      if ((integer[i] == ',') != separator_due || (i == 0 && separator_due)) return std::nullopt;
      if (integer[i] != ',') plain += integer[i];
    }
    if (point != std::string_view::npos) plain += text.substr(point);
  }
  double value = 0;
  const auto [end, error] = std::from_chars(plain.data(), plain.data() + plain.size(), value);
  if (error != std::errc() || end != plain.data() + plain.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

void drop_spaces_before(std::string_view& text) {
  while (text.ends_with(' ')) text.remove_suffix(1);
}
void drop_spaces_after(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
}

template <typename List>
std::string_view drop_suffix(std::string_view& text, const List& options) {
  for (std::string_view option : options) {
    if (!text.ends_with(option)) continue;
    text.remove_suffix(option.size());
    return option;
  }
  return {};
}

bool drop_word(std::string_view& text, std::string_view word) {
  if (text.size() < word.size()) return false;
  for (std::size_t i = 0; i < word.size(); ++i)
    if (std::tolower(static_cast<unsigned char>(text[i])) != word[i]) return false;
  if (text.size() > word.size() && letter(text[word.size()])) return false;
  text.remove_prefix(word.size());
  return true;
}

}  // namespace

std::optional<Number> parse_number(std::string_view text) {
  const auto tokens = number_tokens(text);
  if (tokens.size() != 1) return std::nullopt;
  const auto magnitude =
      parse_digits(text.substr(tokens[0].begin, tokens[0].end - tokens[0].begin));
  if (!magnitude) return std::nullopt;
  Number number{*magnitude, false};

  auto before = text.substr(0, tokens[0].begin);
  auto after = text.substr(tokens[0].end);
  auto sign = drop_suffix(before, kSigns);
  if (!drop_suffix(before, kCurrency).empty() && sign.empty()) sign = drop_suffix(before, kSigns);
  const bool hyphen = !before.empty() && letter(before.back());  // "item-5"
  bool negative = !hyphen && (sign == "-" || sign == "−");

  drop_spaces_after(after);
  for (const auto& [word, factor] : kScales)
    if (drop_word(after, word)) number.value *= factor;
  drop_spaces_after(after);
  if (after.starts_with('%')) {
    number.percent = true;
    after.remove_prefix(1);
  } else {
    number.percent = drop_word(after, "percent");
  }
  drop_spaces_before(before);
  drop_spaces_after(after);
  if (before.ends_with('(') && after.starts_with(')')) negative = !negative;
  if (negative) number.value = -number.value;
  if (number.percent) number.value /= 100;
  return number;
}

bool numbers_equal(std::string_view prediction, std::string_view gold, double relative_tolerance) {
  const auto given = parse_number(prediction);
  const auto wanted = parse_number(gold);
  if (!given || !wanted) return false;
  const auto equal = [&](double a, double b) {
    return std::abs(a - b) <=
           std::max(relative_tolerance * std::abs(b), 1e-9 * std::max(std::abs(a), std::abs(b)));
  };
  if (equal(given->value, wanted->value)) return true;
  if (given->percent == wanted->percent) return false;
  return equal(given->value * (given->percent ? 100 : 1),
               wanted->value * (wanted->percent ? 100 : 1));
}

}  // namespace cairn::grade
