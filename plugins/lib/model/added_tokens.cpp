#include "plugins/lib/model/added_tokens.h"

#include <unicode/uchar.h>

#include <algorithm>

#include "plugins/lib/model/char_class.h"

namespace cairn::model {
namespace {

// Word characters of Unicode's regular expressions (UTS 18).
bool is_word(char32_t c) {
  const auto point = static_cast<UChar32>(c);
  constexpr std::uint32_t kWord = U_GC_M_MASK | U_GC_ND_MASK | U_GC_PC_MASK;
  return u_hasBinaryProperty(point, UCHAR_ALPHABETIC) || (U_GET_GC_MASK(point) & kWord) != 0 ||
         u_hasBinaryProperty(point, UCHAR_JOIN_CONTROL);
}

std::size_t previous(std::string_view text, std::size_t at) {
  do {
    --at;
  } while ((static_cast<unsigned char>(text[at]) & 0xc0) == 0x80);
  return at;
}

bool word_before(std::string_view text, std::size_t at) {
  return at > 0 && is_word(code_point_at(text, previous(text, at)).value);
}

bool word_after(std::string_view text, std::size_t at) {
  return at < text.size() && is_word(code_point_at(text, at).value);
}

bool is_space(std::string_view text, std::size_t at) {
  return (CharClasses::get().of(code_point_at(text, at).value) & kSpace) != 0;
}

std::size_t begin_of_space_before(std::string_view text, std::size_t at) {
  while (at > 0 && is_space(text, previous(text, at))) at = previous(text, at);
  return at;
}

std::size_t end_of_space_after(std::string_view text, std::size_t at) {
  while (at < text.size() && is_space(text, at)) at += code_point_at(text, at).size;
  return at;
}

}  // namespace

void AddedTokens::add(AddedToken token, std::string_view content) {
  std::uint32_t node = 0;
  for (const char c : content) {
    const std::uint64_t edge = std::uint64_t{node} << 8 | static_cast<unsigned char>(c);
    const auto [child, is_new] =
        children_.emplace(edge, static_cast<std::uint32_t>(token_at_.size()));
    if (is_new) token_at_.push_back(kNoToken);
    node = child->second;
  }
  starts_[static_cast<unsigned char>(content.front())] = true;
  token_at_[node] = static_cast<std::uint32_t>(tokens_.size());
  tokens_.push_back(std::move(token));
}

AddedTokens::Match AddedTokens::longest_at(std::string_view text, std::size_t at) const {
  Match longest;
  std::uint32_t node = 0;
  for (std::size_t end = at; end < text.size(); ++end) {
    const auto child =
        children_.find(std::uint64_t{node} << 8 | static_cast<unsigned char>(text[end]));
    if (child == children_.end()) break;
    node = child->second;
    if (token_at_[node] != kNoToken) longest = {token_at_[node], end + 1 - at};
  }
  return longest;
}

void AddedTokens::split(std::string_view text, std::vector<Segment>& segments) const {
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    if (!starts_[static_cast<unsigned char>(text[at])]) {
      ++at;
      continue;
    }
    const Match match = longest_at(text, at);
    if (match.token == kNoToken) {
      ++at;
      continue;
    }
    const AddedToken& token = tokens_[match.token];
    std::size_t begin = at;
    std::size_t end = at + match.size;
    at = end;
    // A longer token that may not stand here hides the shorter one inside it.
    if (token.single_word && (word_before(text, begin) || word_after(text, end))) continue;
    if (token.lstrip) begin = std::max(done, begin_of_space_before(text, begin));
    if (token.rstrip) end = end_of_space_after(text, end);
    if (done < begin) segments.push_back({{done, begin}, -1});
    segments.push_back({{begin, end}, token.id});
    done = end;
  }
  if (done < text.size()) segments.push_back({{done, text.size()}, -1});
}

}  // namespace cairn::model
