#include "core/sdk/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include <array>
#include <map>
#include <memory>
#include <mutex>

namespace cairn {
namespace {

// Enough for any honest pattern over a parameter, and passed within milliseconds.
constexpr std::uint32_t kMatchLimit = 1'000'000;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Code = std::unique_ptr<pcre2_code, Freed<pcre2_code_free>>;
using MatchData = std::unique_ptr<pcre2_match_data, Freed<pcre2_match_data_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Freed<pcre2_match_context_free>>;

std::string message_of(int code) {
  std::array<PCRE2_UCHAR, 200> text{};
  pcre2_get_error_message(code, text.data(), text.size());
  return reinterpret_cast<const char*>(text.data());
}

Result<const pcre2_code*> compiled(const std::string& pattern) {
  static std::mutex mutex;
  static std::map<std::string, Code> known;
  const std::lock_guard lock(mutex);
  if (const auto found = known.find(pattern); found != known.end()) return found->second.get();
  int code = 0;
  PCRE2_SIZE offset = 0;
  Code made(pcre2_compile(reinterpret_cast<PCRE2_SPTR>(pattern.data()), pattern.size(),
                          PCRE2_UTF | PCRE2_ANCHORED | PCRE2_ENDANCHORED, &code, &offset, nullptr));
  if (!made)
    return invalid_argument("the pattern " + pattern + " is wrong at character " +
                            std::to_string(offset + 1) + ": " + message_of(code));
  return known.emplace(pattern, std::move(made)).first->second.get();
}

}  // namespace

Result<bool> matches_pattern(const std::string& pattern, std::string_view text) {
  CAIRN_ASSIGN(const pcre2_code* code, compiled(pattern));
  const MatchData data(pcre2_match_data_create(1, nullptr));
  const MatchContext context(pcre2_match_context_create(nullptr));
  pcre2_set_match_limit(context.get(), kMatchLimit);
  const int found = pcre2_match(code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), 0, 0,
                                data.get(), context.get());
  if (found == PCRE2_ERROR_NOMATCH) return false;
  if (found < 0)
    return invalid_argument("the pattern " + pattern + " cannot be matched: " + message_of(found));
  return true;
}

}  // namespace cairn
