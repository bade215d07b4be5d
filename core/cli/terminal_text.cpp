#include "core/cli/terminal_text.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>

namespace cairn {
namespace {

struct Range {
  char32_t first;
  char32_t last;
};

// In order.
constexpr std::array<Range, 13> kHidden = {{
    {0x80, 0x9f},        // C1: some terminals take them as escape sequences
    {0xad, 0xad},        // soft hyphen
    {0x61c, 0x61c},      // Arabic letter mark
    {0x180e, 0x180e},    // Mongolian vowel separator
    {0x200b, 0x200f},    // zero width, joiners, marks of direction
    {0x2028, 0x202e},    // line and paragraph separators, embeddings and overrides of direction
    {0x2060, 0x206f},    // word joiner, invisible operators, isolates, deprecated controls
    {0x3164, 0x3164},    // filler that looks like nothing
    {0xfeff, 0xfeff},    // byte order mark
    {0xfff9, 0xfffb},    // interlinear annotations
    {0x1bca0, 0x1bca3},  // controls of shorthand
    {0x1d173, 0x1d17a},  // controls of music
    {0xe0000, 0xe0fff},  // tags and further selectors: text that nobody sees
}};

bool is_hidden(char32_t point) {
  const auto* found = std::ranges::lower_bound(kHidden, point, {}, &Range::last);
  return found != kHidden.end() && point >= found->first;
}

void add_unit(std::string& out, char32_t unit) {
  std::array<char, 8> escape;
  std::snprintf(escape.data(), escape.size(), "\\u%04x", static_cast<unsigned>(unit));
  out += escape.data();
}

void add_hidden(std::string& out, char32_t point) {
  constexpr char32_t kPlanes = 0x10000;
  if (point < kPlanes) return add_unit(out, point);
  add_unit(out, 0xd800 + ((point - kPlanes) >> 10));
  add_unit(out, 0xdc00 + ((point - kPlanes) & 0x3ff));
}

// Of the character that begins the text. length 0: it is none. missing: it may become one.
struct Decoded {
  std::size_t length = 0;
  char32_t point = 0;
  bool missing = false;
};

Decoded decode(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return {1, lead};
  const std::size_t length = lead >= 0xc2 && lead <= 0xdf   ? 2
                             : lead >= 0xe0 && lead <= 0xef ? 3
                             : lead >= 0xf0 && lead <= 0xf4 ? 4
                                                            : 0;
  if (length == 0) return {};
  char32_t point = lead & (0xffU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (i == text.size()) return {0, 0, true};
    const unsigned char next = byte(i);
    unsigned char least = 0x80;
    unsigned char most = 0xbf;
    if (i == 1 && lead == 0xe0) least = 0xa0;  // spelt too long
    if (i == 1 && lead == 0xf0) least = 0x90;
    if (i == 1 && lead == 0xed) most = 0x9f;  // surrogates
    if (i == 1 && lead == 0xf4) most = 0x8f;
    if (next < least || next > most) return {};
    point = point << 6 | (next & 0x3fU);
  }
  return {length, point};
}

// Appends what the text looks like; where it may end within a character, what is left of it.
std::string_view show(std::string_view text, bool whole, std::string& out) {
  while (!text.empty()) {
    const Decoded one = decode(text);
    if (one.missing && !whole) return text;
    if (one.length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    const bool control =
        (one.point < 0x20 && one.point != '\t' && one.point != '\n') || one.point == 0x7f;
    if (control) {
      std::array<char, 12> escape;
      std::snprintf(escape.data(), escape.size(), "\\x%02x", static_cast<unsigned>(one.point));
      out += escape.data();
    } else if (is_hidden(one.point)) {
      add_hidden(out, one.point);
    } else {
      out += text.substr(0, one.length);
    }
    text.remove_prefix(one.length);
  }
  return text;
}

}  // namespace

std::string terminal_text(std::string_view text) {
  std::string out;
  show(text, true, out);
  return out;
}

TerminalFilter::int_type TerminalFilter::overflow(int_type letter) {
  if (traits_type::eq_int_type(letter, traits_type::eof())) return traits_type::not_eof(letter);
  const char byte = traits_type::to_char_type(letter);
  return xsputn(&byte, 1) == 1 ? letter : traits_type::eof();
}

std::streamsize TerminalFilter::xsputn(const char* bytes, std::streamsize count) {
  pending_.append(bytes, static_cast<std::size_t>(count));
  std::string shown;
  const std::size_t left = show(pending_, false, shown).size();
  pending_.erase(0, pending_.size() - left);
  to_.write(shown.data(), static_cast<std::streamsize>(shown.size()));
  return to_.good() ? count : 0;
}

int TerminalFilter::sync() {
  std::string shown;
  show(pending_, true, shown);
  pending_.clear();
  to_.write(shown.data(), static_cast<std::streamsize>(shown.size()));
  to_.flush();
  return to_.good() ? 0 : -1;
}

}  // namespace cairn
