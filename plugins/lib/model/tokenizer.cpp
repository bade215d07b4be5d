#include "plugins/lib/model/tokenizer.h"

#include "plugins/lib/model/normal_form.h"
#include "plugins/lib/model/tokenizer_impl.h"

namespace cairn::model {

Tokenizer::Tokenizer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Tokenizer::Tokenizer(Tokenizer&&) noexcept = default;
Tokenizer& Tokenizer::operator=(Tokenizer&&) noexcept = default;
Tokenizer::~Tokenizer() = default;

Result<std::vector<TokenId>> Tokenizer::encode_prompt(std::string_view user_text) const {
  CAIRN_ASSIGN(const std::string text, chat().render({{"user", std::string(user_text)}}, true));
  return encode(text);
}

const ChatTemplate& Tokenizer::chat() const {
  return impl_->chat;
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
  const auto found = impl_->id_of.find(token);
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

std::string TextStream::add(TokenId id) {
  if (skip_special_ && tokenizer_->is_special(id)) return {};
  held_ += tokenizer_->bytes(id);
  const std::size_t whole = held_.size() - unfinished_bytes(held_);
  std::string text = lossy_utf8(std::string_view(held_).substr(0, whole));
  held_.erase(0, whole);
  return text;
}

std::string TextStream::finish() {
  std::string text = lossy_utf8(held_);
  held_.clear();
  return text;
}

}  // namespace cairn::model
