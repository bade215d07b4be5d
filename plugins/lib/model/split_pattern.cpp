#include "plugins/lib/model/split_pattern.h"

#include <unicode/normalizer2.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <map>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace cairn::model {

const char* const kQwen2Pattern =
    R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)";
const char* const kGpt2Pattern =
    R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";

namespace {

// PCRE2's own \s has U+180E, which Unicode's White_Space no longer has.
constexpr const char* kWhiteSpace =
    R"(\x{09}-\x{0d}\x{20}\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})";

// Writes \s and \S out as classes.
std::string with_white_space(const std::string& pattern) {
  std::string out;
  bool in_class = false;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) {
      const char next = pattern[++i];
      if (next == 's') {
        out += in_class ? kWhiteSpace : "[" + std::string(kWhiteSpace) + "]";
      } else if (next == 'S' && !in_class) {
        out += "[^" + std::string(kWhiteSpace) + "]";
      } else {
        out += '\\';
        out += next;
      }
      continue;
    }
    if (pattern[i] == '[') in_class = true;
    if (pattern[i] == ']') in_class = false;
    out += pattern[i];
  }
  return out;
}

struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)) {}
  ~MatchData() { pcre2_match_data_free(data); }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  pcre2_match_data* data;
};

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

void append_utf8(std::string& out, char32_t code_point) {
  char buffer[4];
  std::int32_t length = 0;
  U8_APPEND_UNSAFE(buffer, length, code_point);
  out.append(buffer, static_cast<std::size_t>(length));
}

bool stands_for_itself(unsigned byte) {
  return (byte >= '!' && byte <= '~') || (byte >= 0xa1 && byte <= 0xac) || byte >= 0xae;
}

std::array<char32_t, 256> make_alphabet() {
  std::array<char32_t, 256> alphabet{};
  char32_t next = 0x100;
  for (unsigned byte = 0; byte < 256; ++byte) {
    alphabet[byte] = stands_for_itself(byte) ? byte : next++;
  }
  return alphabet;
}

const std::array<char32_t, 256>& alphabet() {
  static const std::array<char32_t, 256> table = make_alphabet();
  return table;
}

}  // namespace

struct SplitPattern::Impl {
  pcre2_code* code = nullptr;
  ~Impl() { pcre2_code_free(code); }
};

SplitPattern::SplitPattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;
SplitPattern::~SplitPattern() = default;

Result<SplitPattern> SplitPattern::compile(const std::string& pattern) {
  const std::string text = with_white_space(pattern);
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto impl = std::make_unique<Impl>();
  impl->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                             PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (impl->code == nullptr) {
    char message[256] = {};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
    return invalid_argument("the split pattern of the tokenizer does not compile: " +
                            std::string(message));
  }
  pcre2_jit_compile(impl->code, PCRE2_JIT_COMPLETE);  // without it matching is slower, not wrong
  return SplitPattern(std::move(impl));
}

void SplitPattern::split(std::string_view text, std::vector<std::string_view>& pieces) const {
  const MatchData match(impl_->code);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    int found =
        pcre2_match(impl_->code, subject, text.size(), at, PCRE2_NO_UTF_CHECK, match.data, nullptr);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) {
      found = pcre2_match(impl_->code, subject, text.size(), at, PCRE2_NO_UTF_CHECK | PCRE2_NO_JIT,
                          match.data, nullptr);
    }
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      fail_unwrap(
          internal_error("the split pattern failed with PCRE2 error " + std::to_string(found)));
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.data);
    const std::size_t begin = range[0];
    const std::size_t end = range[1];
    if (end == begin) {  // an empty match separates nothing
      at = end + 1;
      while (at < text.size() && U8_IS_TRAIL(text[at])) ++at;
      continue;
    }
    if (begin > done) pieces.push_back(text.substr(done, begin - done));
    pieces.push_back(text.substr(begin, end - begin));
    done = at = end;
  }
  if (done < text.size()) pieces.push_back(text.substr(done));
}

std::string lossy_utf8(std::string_view bytes) {
  std::string out;
  out.reserve(bytes.size());
  const auto* data = reinterpret_cast<const std::uint8_t*>(bytes.data());
  const auto length = static_cast<std::int64_t>(bytes.size());
  for (std::int64_t at = 0; at < length;) {
    const std::int64_t begin = at;
    UChar32 code_point = 0;
    U8_NEXT(data, at, length, code_point);
    if (code_point < 0) {
      out += "\xef\xbf\xbd";
    } else {
      out.append(
          bytes.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin)));
    }
  }
  return out;
}

std::string nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  UErrorCode status = U_ZERO_ERROR;
  const icu::Normalizer2* normalizer = icu::Normalizer2::getNFCInstance(status);
  std::string out;
  if (U_SUCCESS(status)) {
    const icu::UnicodeString normalized =
        normalizer->normalize(icu::UnicodeString::fromUTF8(icu::StringPiece(
                                  text.data(), static_cast<std::int32_t>(text.size()))),
                              status);
    if (U_SUCCESS(status)) normalized.toUTF8String(out);
  }
  if (U_FAILURE(status)) {
    fail_unwrap(internal_error(std::string("ICU cannot normalise text: ") + u_errorName(status)));
  }
  return out;
}

char32_t alphabet_char(unsigned char byte) {
  return alphabet()[byte];
}

std::string bytes_to_alphabet(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) append_utf8(out, alphabet_char(static_cast<unsigned char>(c)));
  return out;
}

std::string alphabet_to_bytes(std::string_view token) {
  static const std::map<char32_t, char> byte_of = [] {
    std::map<char32_t, char> inverse;
    for (unsigned byte = 0; byte < 256; ++byte) {
      inverse.emplace(alphabet()[byte], static_cast<char>(byte));
    }
    return inverse;
  }();
  std::string out;
  const auto* data = reinterpret_cast<const std::uint8_t*>(token.data());
  const auto length = static_cast<std::int64_t>(token.size());
  for (std::int64_t at = 0; at < length;) {
    const std::int64_t begin = at;
    UChar32 code_point = 0;
    U8_NEXT(data, at, length, code_point);
    const auto found = byte_of.find(static_cast<char32_t>(code_point));
    if (found != byte_of.end()) {
      out.push_back(found->second);
    } else {
      out.append(
          token.substr(static_cast<std::size_t>(begin), static_cast<std::size_t>(at - begin)));
    }
  }
  return out;
}

}  // namespace cairn::model
