#include "plugins/lib/model/split_pattern.h"

#include <cctype>

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

// Reads a pattern of the reference's syntax and writes it for PCRE2.
class Translation {
 public:
  explicit Translation(std::string_view pattern) : in_(pattern) {}

  Result<std::string> run() {
    while (at_ < in_.size()) {
      if (in_[at_] == '\\') {
        CAIRN_TRY(escape());
      } else if (in_class_) {
        CAIRN_TRY(member());
      } else {
        CAIRN_TRY(sign());
      }
    }
    return std::move(out_);
  }

 private:
  [[nodiscard]] bool follows(std::string_view text) const {
    return in_.substr(at_).starts_with(text);
  }

  Error refuse(std::string_view what) const {
    return invalid_argument(
        "the split pattern of the tokenizer has " + std::string(what) + " at byte " +
            std::to_string(at_) + ": " + std::string(in_),
        "the patterns of Qwen2, GPT-2 and Llama 3 are of the kind that is read");
  }

  void copy(std::size_t count) {
    out_ += in_.substr(at_, count);
    at_ += count;
  }

  Result<void> escape() {
    if (at_ + 1 == in_.size()) return refuse("a backslash at its end");
    const char next = in_[at_ + 1];
    if (next == 's' || next == 'S') {
      if (in_class_ && next == 'S') return refuse("\\S in a class");
      out_ += in_class_ ? kWhiteSpace : (next == 's' ? "[" : "[^") + std::string(kWhiteSpace) + "]";
      at_ += 2;
      return {};
    }
    const bool alphanumeric = std::isalnum(static_cast<unsigned char>(next)) != 0;
    if (alphanumeric && std::string_view("pPdDrntfx").find(next) == std::string_view::npos) {
      return refuse("the escape \\" + std::string(1, next));
    }
    if (static_cast<unsigned char>(next) >= 0x80) return refuse("an escaped letter");
    copy(2);
    if (next != 'p' && next != 'P') return {};
    const std::size_t close = in_.find('}', at_);
    if (!follows("{") || close == std::string_view::npos) return refuse("a property without name");
    copy(close + 1 - at_);
    return {};
  }

  Result<void> member() {
    if (in_[at_] == '[') return refuse("a class in a class");
    if (follows("&&")) return refuse("an intersection of classes");
    if (in_[at_] == ']') in_class_ = false;
    copy(1);
    return {};
  }

  Result<void> sign() {
    switch (in_[at_]) {
      case '[':
        in_class_ = true;
        copy(at_ + 1 < in_.size() && in_[at_ + 1] == '^' ? 2 : 1);
        if (follows("]")) return refuse("a class that begins with ]");
        return {};
      case '^':
      case '$':
        return refuse("an anchor");
      case '(':
        if (follows("(?") && !follows("(?:") && !follows("(?i:") && !follows("(?=") &&
            !follows("(?!") && !follows("(?<=") && !follows("(?<!")) {
          return refuse("an unknown kind of group");
        }
        if (follows("(*")) return refuse("a control verb");
        copy(follows("(?") ? 2 : 1);
        return {};
      case ')':
        copy(1);
        if (follows("*") || follows("+") || follows("{")) return refuse("a repeated group");
        return {};
      case '}':
        copy(1);
        if (follows("+")) return refuse("a possessive repetition");
        return {};
      default:
        copy(1);
        return {};
    }
  }

  std::string_view in_;
  std::size_t at_ = 0;
  std::string out_;
  bool in_class_ = false;
};

struct MatchData {
  explicit MatchData(const pcre2_code* code)
      : data(pcre2_match_data_create_from_pattern(code, nullptr)) {}
  ~MatchData() { pcre2_match_data_free(data); }
  MatchData(const MatchData&) = delete;
  MatchData& operator=(const MatchData&) = delete;
  pcre2_match_data* data;
};

}  // namespace

struct SplitPattern::Impl {
  pcre2_code* code = nullptr;
  pcre2_match_context* limits = nullptr;
  ~Impl() {
    pcre2_match_context_free(limits);
    pcre2_code_free(code);
  }
};

SplitPattern::SplitPattern(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
SplitPattern::SplitPattern(SplitPattern&&) noexcept = default;
SplitPattern& SplitPattern::operator=(SplitPattern&&) noexcept = default;
SplitPattern::~SplitPattern() = default;

Result<SplitPattern> SplitPattern::compile(const std::string& pattern) {
  constexpr std::size_t kLongest = 1 << 14;
  if (pattern.size() > kLongest) {
    return invalid_argument(
        "the split pattern of the tokenizer has " + std::to_string(pattern.size()) + " bytes",
        "at most " + std::to_string(kLongest) + " are read");
  }
  CAIRN_ASSIGN(const std::string text, Translation(pattern).run());
  int error = 0;
  PCRE2_SIZE offset = 0;
  auto impl = std::make_unique<Impl>();
  impl->code = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
                             PCRE2_UTF | PCRE2_UCP, &error, &offset, nullptr);
  if (impl->code == nullptr) {
    char message[256] = {};
    pcre2_get_error_message(error, reinterpret_cast<PCRE2_UCHAR*>(message), sizeof message);
    return invalid_argument(
        "the split pattern of the tokenizer does not compile: " + std::string(message),
        "it reads: " + pattern);
  }
  // A long run of white space may take more steps than the default limit, which is meant for
  // patterns that are refused above.
  impl->limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(impl->limits, 0xffffffffU);
  pcre2_jit_compile(impl->code, PCRE2_JIT_COMPLETE);  // without it matching is slower, not wrong
  return SplitPattern(std::move(impl));
}

void SplitPattern::split(std::string_view text, std::vector<std::string_view>& pieces) const {
  const MatchData match(impl_->code);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  const auto find = [&](std::size_t at, std::uint32_t options) {
    return pcre2_match(impl_->code, subject, text.size(), at, PCRE2_NO_UTF_CHECK | options,
                       match.data, impl_->limits);
  };
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    int found = find(at, 0);
    if (found == PCRE2_ERROR_JIT_STACKLIMIT) found = find(at, PCRE2_NO_JIT);
    if (found == PCRE2_ERROR_NOMATCH) break;
    if (found < 0) {
      fail_unwrap(
          internal_error("the split pattern failed with PCRE2 error " + std::to_string(found)));
    }
    const PCRE2_SIZE* range = pcre2_get_ovector_pointer(match.data);
    const std::size_t begin = range[0];
    const std::size_t end = range[1];
    if (begin > done) pieces.push_back(text.substr(done, begin - done));
    if (end > begin) pieces.push_back(text.substr(begin, end - begin));
    done = at = end;
    if (end == begin) {
      do {
        ++at;
      } while (at < text.size() && (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
    }
  }
  if (done < text.size()) pieces.push_back(text.substr(done));
}

}  // namespace cairn::model
