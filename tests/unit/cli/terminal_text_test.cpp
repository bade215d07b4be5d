#include "core/cli/terminal_text.h"

#include <gtest/gtest.h>

#include <fstream>
#include <random>
#include <sstream>

#include "core/base/text.h"

namespace cairn {
namespace {

TEST(TerminalText, Goldens) {
  const std::pair<std::string, std::string> cases[] = {
      {"plain, é € 😀\tand\nlines", "plain, é € 😀\tand\nlines"},
      // A link whose target is not what stands there; a write to the clipboard; a window's title.
      {"\x1b]8;;http://evil.test\x1b\\click\x1b]8;;\x07",
       "\\x1b]8;;http://evil.test\\x1b\\click\\x1b]8;;\\x07"},
      {"\x1b]52;c;cm0gLXJm\x07", "\\x1b]52;c;cm0gLXJm\\x07"},
      {"\x1b]0;title\x07\x1b[2J\x1b[31m", "\\x1b]0;title\\x07\\x1b[2J\\x1b[31m"},
      // What stands before it is written over.
      {"failed\rsucceeded", "failed\\x0dsucceeded"},
      {std::string("\x08\x7f\0x", 4), "\\x08\\x7f\\x00x"},
      // The same of C1, as text and as bytes that are no text.
      {"\u009b2J\u009d52;c;x\u009c", "\\u009b2J\\u009d52;c;x\\u009c"},
      {"\x9b\x32J",
       "\xef\xbf\xbd"
       "2J"},
      // Turned around, and hidden.
      {"\u202egnp.exe\u202c", "\\u202egnp.exe\\u202c"},
      {"a\u2066b\u2069c\u200f", "a\\u2066b\\u2069c\\u200f"},
      {"pass\u200bword\ufeff\u2060\u00ad", "pass\\u200bword\\ufeff\\u2060\\u00ad"},
      {"one\u2028two", "one\\u2028two"},
      {"\U000e0041\U000e0042", "\\udb40\\udc41\\udb40\\udc42"},
      {"\xed\xa0\x80\xf4\x90\x80\x80\xc0\x80\xe2\x82",
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"
       "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(terminal_text(text), shown);
}

bool harmless(const std::string& shown) {
  if (!is_valid_utf8(shown)) return false;
  for (const char byte : shown) {
    if ((static_cast<unsigned char>(byte) < 0x20 && byte != '\n' && byte != '\t') || byte == 0x7f)
      return false;
  }
  for (const char* hidden : {"\u009b", "\u202e", "\u2066", "\u200b", "\ufeff", "\u2028"}) {
    if (shown.find(hidden) != std::string::npos) return false;
  }
  return true;
}

// In whatever pieces it comes, the whole is the same, and no byte gets through that should not.
TEST(TerminalFilter, PiecesOfCharactersAreJoined) {
  const std::uint32_t seed = 20261126;
  std::mt19937 random(seed);
  const std::string parts[] = {"a",        "\x1b[", "\u202e", "😀",   "\u009b", "\xff",
                               "\xe2\x80", "\r",    "\n",     "\xf0", "é",      "\U000e0041"};
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (int n = 0; n < 20; ++n) text += parts[random() % std::size(parts)];
    std::ostringstream out;
    TerminalFilter filter(out);
    std::ostream stream(&filter);
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t size = 1 + random() % 5;
      if (size == 1)
        stream.put(text[at]);
      else
        stream << text.substr(at, size);
      at += size;
    }
    stream.flush();
    ASSERT_EQ(out.str(), terminal_text(text)) << "seed " << seed << ", text " << i;
    ASSERT_TRUE(harmless(out.str())) << "seed " << seed << ", text " << i;
  }
}

TEST(TerminalFilter, FailsAsWhatItWritesTo) {
  std::ofstream full("/dev/full");
  full << std::unitbuf;
  TerminalFilter filter(full);
  std::ostream stream(&filter);
  stream << "more than there is room for" << std::flush;
  EXPECT_FALSE(stream.good());
}

}  // namespace
}  // namespace cairn
