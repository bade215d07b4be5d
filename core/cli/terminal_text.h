// Data of others on a terminal: what would move its cursor, write to its clipboard, turn text
// around or hide is shown instead of done.
//
// As \x1b: control characters but tab and line end. As \u202e: the controls of U+0080 to U+009F,
// what changes the direction of text, what has no width, and what ends a line in some programs;
// beyond U+FFFF as two of them. In JSON that is the same text. Bytes that are no UTF-8 become
// U+FFFD.
#pragma once

#include <ostream>
#include <streambuf>
#include <string>
#include <string_view>

namespace cairn {

[[nodiscard]] std::string terminal_text(std::string_view text);

// A buffer whose stream writes terminal_text() of what it is given to another one, as soon as whole
// characters have come. It fails as that does.
class TerminalFilter final : public std::streambuf {
 public:
  // to: outlives it.
  explicit TerminalFilter(std::ostream& to) : to_(to) {}

 protected:
  int_type overflow(int_type letter) override;
  std::streamsize xsputn(const char* bytes, std::streamsize count) override;
  // What has come of a character that is not whole is no character.
  int sync() override;

 private:
  std::ostream& to_;
  std::string pending_;  // the beginning of a character
};

}  // namespace cairn
