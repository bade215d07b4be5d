#include "core/server/reading/text_search.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>

#include "core/base/text.h"

namespace cairn {
namespace {

// Of one match; honest patterns over a line need a few thousand.
constexpr std::uint32_t kMatchLimit = 200'000;
constexpr std::uint32_t kHeapLimit = 4096;  // KiB

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

PCRE2_SPTR bytes_of(std::string_view text) {
  return reinterpret_cast<PCRE2_SPTR>(text.data());
}

}  // namespace

struct TextSearch::Compiled {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  Compiled() = default;
  Compiled(const Compiled&) = delete;
  Compiled& operator=(const Compiled&) = delete;
  ~Compiled() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
};

Result<TextSearch> TextSearch::make(const SearchText& wanted) {
  if (wanted.text.empty())
    return invalid_argument("there is no text to search for", "name at least one character");
  if (wanted.text.size() > kLongestText) {
    return invalid_argument(
        "the text to search for has " + std::to_string(wanted.text.size()) + " bytes",
        "at most " + std::to_string(kLongestText) + " are searched for");
  }
  if (!is_valid_utf8(wanted.text))
    return invalid_argument("the text to search for is no valid UTF-8", "send it as UTF-8");
  TextSearch search;
  search.text_ = wanted.text;
  if (!wanted.regex && !wanted.ignore_case) {
    search.plain_ = true;
    return search;
  }
  auto compiled = std::make_shared<Compiled>();
  int error = 0;
  PCRE2_SIZE at = 0;
  std::uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C;
  if (wanted.regex) {
    options |= PCRE2_UCP;
  } else {
    options |= PCRE2_LITERAL;
    options &= ~PCRE2_NEVER_BACKSLASH_C;
  }
  if (wanted.ignore_case) options |= PCRE2_CASELESS;
  compiled->code =
      pcre2_compile(bytes_of(wanted.text), wanted.text.size(), options, &error, &at, nullptr);
  if (compiled->code == nullptr) {
    return invalid_argument("'" + printable(wanted.text) + "' is no regular expression: " +
                                message_of(error) + ", at byte " + std::to_string(at + 1),
                            "search for the text itself, or escape it with a backslash");
  }
  compiled->limits = pcre2_match_context_create(nullptr);
  if (compiled->limits == nullptr) return internal_error("no memory to search in");
  pcre2_set_match_limit(compiled->limits, kMatchLimit);
  pcre2_set_heap_limit(compiled->limits, kHeapLimit);
  // Without it matching is slower, not wrong.
  (void)pcre2_jit_compile(compiled->code, PCRE2_JIT_COMPLETE);
  search.compiled_ = std::move(compiled);
  return search;
}

std::size_t TextSearch::place_in(std::string_view bytes) const {
  if (!plain_) return 0;
  const void* found = ::memmem(bytes.data(), bytes.size(), text_.data(), text_.size());
  if (found == nullptr) return kNowhere;
  return static_cast<std::size_t>(static_cast<const char*>(found) - bytes.data());
}

TextSearch::Found TextSearch::find(std::string_view text, std::size_t most) const {
  Found found;
  if (plain_) {
    for (std::size_t at = 0; found.ranges.size() < most; at += text_.size()) {
      at = text.find(text_, at);
      if (at == std::string_view::npos) break;
      found.ranges.emplace_back(at, at + text_.size());
    }
    return found;
  }
  // Of this thread: making one costs as much as matching a line.
  struct MatchData {
    pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
    MatchData() = default;
    MatchData(const MatchData&) = delete;
    MatchData& operator=(const MatchData&) = delete;
    ~MatchData() { pcre2_match_data_free(data); }
  };
  thread_local const MatchData match_data;
  pcre2_match_data* const data = match_data.data;
  if (data == nullptr) {
    found.undecided = true;
    return found;
  }
  for (std::size_t at = 0; at <= text.size() && found.ranges.size() < most;) {
    const int code = pcre2_match(compiled_->code, bytes_of(text), text.size(), at,
                                 PCRE2_NOTEMPTY | PCRE2_NO_UTF_CHECK, data, compiled_->limits);
    if (code < 0) {
      found.undecided = code != PCRE2_ERROR_NOMATCH;
      break;
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(data);
    // \K in a look-behind can turn a range round.
    if (range[1] <= range[0] || range[1] <= at) {
      found.undecided = true;
      break;
    }
    found.ranges.emplace_back(std::max(range[0], at), range[1]);
    at = range[1];
  }
  return found;
}

bool is_ascii(std::string_view bytes) {
  constexpr std::uint64_t kHigh = 0x8080808080808080U;
  while (bytes.size() >= sizeof kHigh) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data(), sizeof word);
    if ((word & kHigh) != 0) return false;
    bytes.remove_prefix(sizeof word);
  }
  for (const char letter : bytes)
    if (static_cast<unsigned char>(letter) >= 0x80) return false;
  return true;
}

std::size_t utf16_length(std::string_view text) {
  std::size_t units = 0;
  for (const char letter : text) {
    const auto byte = static_cast<unsigned char>(letter);
    if ((byte & 0xc0) == 0x80) continue;
    units += byte >= 0xf0 ? 2 : 1;
  }
  return units;
}

}  // namespace cairn
