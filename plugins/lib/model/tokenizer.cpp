#include "plugins/lib/model/tokenizer.h"

#include <queue>
#include <tuple>

#include "core/base/text.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {

std::string render_chat(const std::vector<ChatMessage>& messages, bool add_generation_prompt,
                        std::optional<bool> enable_thinking) {
  std::string text;
  for (const ChatMessage& message : messages) {
    text += kImStart + message.role + "\n" + message.content + kImEnd + "\n";
  }
  if (add_generation_prompt) {
    text += std::string(kImStart) + "assistant\n";
    if (enable_thinking.has_value() && !*enable_thinking) text += "<think>\n\n</think>\n\n";
  }
  return text;
}

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

// Merges the pair of the lowest rank, leftmost first, until none is left. Symbols form a linked
// list; the heap may hold pairs that are gone, recognised by their ids.
void Tokenizer::Impl::encode_word(std::string_view word, std::vector<TokenId>& out) const {
  if (ignore_merges) {
    const auto whole = id_of_word.find(std::string(word));
    if (whole != id_of_word.end()) {
      out.push_back(whole->second);
      return;
    }
  }
  struct Symbol {
    std::int32_t id, previous, next;
  };
  std::vector<Symbol> symbols;
  symbols.reserve(word.size());
  for (const char c : word) {
    const std::int32_t id = byte_ids[static_cast<unsigned char>(c)];
    if (id < 0) continue;
    const auto at = static_cast<std::int32_t>(symbols.size());
    symbols.push_back({id, at - 1, at + 1});
  }
  if (symbols.empty()) return;
  symbols.back().next = -1;
  using Candidate = std::tuple<std::int32_t, std::int32_t, std::int32_t, std::int32_t>;
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> heap;
  const auto consider = [&](std::int32_t left) {
    if (left < 0 || symbols[static_cast<std::size_t>(left)].next < 0) return;
    const Symbol& a = symbols[static_cast<std::size_t>(left)];
    const Symbol& b = symbols[static_cast<std::size_t>(a.next)];
    const auto merge = merges.find(pair_key(a.id, b.id));
    if (merge != merges.end()) heap.emplace(merge->second.rank, left, a.id, b.id);
  };
  for (std::size_t i = 0; i + 1 < symbols.size(); ++i) consider(static_cast<std::int32_t>(i));
  while (!heap.empty()) {
    const auto [rank, at, left_id, right_id] = heap.top();
    heap.pop();
    Symbol& left = symbols[static_cast<std::size_t>(at)];
    if (left.id != left_id || left.next < 0) continue;
    Symbol& right = symbols[static_cast<std::size_t>(left.next)];
    if (right.id != right_id) continue;
    left.id = merges.at(pair_key(left_id, right_id)).id;
    right.id = -1;
    left.next = right.next;
    if (right.next >= 0) symbols[static_cast<std::size_t>(right.next)].previous = at;
    consider(left.previous);
    consider(at);
  }
  for (std::int32_t at = 0; at >= 0; at = symbols[static_cast<std::size_t>(at)].next) {
    out.push_back(symbols[static_cast<std::size_t>(at)].id);
  }
}

void Tokenizer::Impl::encode_plain(std::string_view text, std::vector<TokenId>& out) const {
  if (text.empty()) return;
  const std::string normalized = nfc ? model::nfc(text) : std::string(text);
  std::vector<std::string_view> pieces = {normalized};
  for (const SplitPattern& pattern : patterns) {
    std::vector<std::string_view> finer;
    for (const std::string_view piece : pieces) pattern.split(piece, finer);
    pieces = std::move(finer);
  }
  for (const std::string_view piece : pieces) encode_word(piece, out);
}

std::vector<TokenId> Tokenizer::encode(std::string_view text) const {
  std::string repaired;
  if (!is_valid_utf8(text)) {
    repaired = lossy_utf8(text);
    text = repaired;
  }
  std::vector<TokenId> out;
  std::size_t done = 0;
  for (std::size_t at = 0; at < text.size();) {
    const AddedToken* found = nullptr;
    if (impl_->starts_added[static_cast<unsigned char>(text[at])]) {
      for (const AddedToken& token : impl_->added) {
        if (text.substr(at).starts_with(token.content)) {
          found = &token;
          break;
        }
      }
    }
    if (found == nullptr) {
      ++at;
      continue;
    }
    impl_->encode_plain(text.substr(done, at - done), out);
    out.push_back(found->id);
    done = at = at + found->content.size();
  }
  impl_->encode_plain(text.substr(done), out);
  return out;
}

std::vector<TokenId> Tokenizer::encode_prompt(std::string_view user_text) const {
  return encode(render_chat({{"user", std::string(user_text)}}, true));
}

std::string Tokenizer::decode(const std::vector<TokenId>& ids, bool skip_special) const {
  std::string bytes_joined;
  for (const TokenId id : ids) {
    if (skip_special && is_special(id)) continue;
    bytes_joined += bytes(id);
  }
  return lossy_utf8(bytes_joined);
}

std::int64_t Tokenizer::vocab_size() const {
  return static_cast<std::int64_t>(impl_->bytes_of.size());
}

std::optional<TokenId> Tokenizer::find(std::string_view token) const {
  const auto found = impl_->id_of.find(std::string(token));
  if (found == impl_->id_of.end()) return std::nullopt;
  return found->second;
}

const std::string& Tokenizer::bytes(TokenId id) const {
  static const std::string nothing;
  return id >= 0 && id < vocab_size() ? impl_->bytes_of[static_cast<std::size_t>(id)] : nothing;
}

bool Tokenizer::is_special(TokenId id) const {
  return id >= 0 && id < vocab_size() && impl_->special[static_cast<std::size_t>(id)];
}

std::vector<TokenId> Tokenizer::stop_ids() const {
  std::vector<TokenId> ids;
  for (const char* token : {kImEnd, kEndOfText}) {
    if (const auto id = find(token)) ids.push_back(*id);
  }
  return ids;
}

}  // namespace cairn::model
