// TextSearch: where a text stands in lines. A pattern that a person typed is matched with limits:
// no line costs more than some milliseconds.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace cairn {

struct SearchText {
  std::string text;
  bool regex = false;        // PCRE2's syntax; else the text itself
  bool ignore_case = false;  // of all letters that Unicode knows
};

// Thread-safe once it is made.
class TextSearch {
 public:
  static constexpr std::size_t kLongestText = 1000;  // bytes

  // kInvalidArgument: empty, too long, no valid UTF-8, or no regular expression; the message says
  // at which character.
  [[nodiscard]] static Result<TextSearch> make(const SearchText& wanted);

  // Byte ranges, ascending, without overlap, not empty, at most `most`. Text: valid UTF-8.
  struct Found {
    std::vector<std::pair<std::size_t, std::size_t>> ranges;
    bool undecided = false;  // the limits ended it before all was tried
  };
  [[nodiscard]] Found find(std::string_view text, std::size_t most) const;
  // Whether bytes may hold it: false is certain, true need not be. Much faster than find, and any
  // bytes will do.
  [[nodiscard]] bool may_be_in(std::string_view bytes) const { return place_in(bytes) != kNowhere; }
  // From which byte on they may hold it; kNowhere: certainly not.
  static constexpr std::size_t kNowhere = ~std::size_t{0};
  [[nodiscard]] std::size_t place_in(std::string_view bytes) const;
  [[nodiscard]] std::size_t size() const { return text_.size(); }

 private:
  struct Compiled;
  TextSearch() = default;
  std::string text_;
  bool plain_ = false;                        // found as bytes
  std::shared_ptr<const Compiled> compiled_;  // else
};

// Whether all bytes are below 0x80.
[[nodiscard]] bool is_ascii(std::string_view bytes);
// As JavaScript counts: UTF-16 code units. Text: valid UTF-8.
[[nodiscard]] std::size_t utf16_length(std::string_view text);

}  // namespace cairn
