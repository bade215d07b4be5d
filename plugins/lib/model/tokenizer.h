// Byte-level BPE tokenizers as Hugging Face's tokenizer.json describes them (RECIPE §8).
//
// encode: added tokens are cut out first (leftmost, then longest); every piece between them is
// NFC-normalised, split by the pattern, mapped to the byte alphabet and merged by rank.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::model {

using TokenId = std::int64_t;

inline constexpr const char* kEndOfText = "<|endoftext|>";
inline constexpr const char* kImStart = "<|im_start|>";
inline constexpr const char* kImEnd = "<|im_end|>";

struct ChatMessage {
  std::string role;
  std::string content;
};

// ChatML. `enable_thinking` false appends an empty thought to the generation prompt.
[[nodiscard]] std::string render_chat(const std::vector<ChatMessage>& messages,
                                      bool add_generation_prompt,
                                      std::optional<bool> enable_thinking = std::nullopt);

// Thread-safe once loaded.
class Tokenizer {
 public:
  // Reads tokenizer.json of a tokenizer or model folder.
  [[nodiscard]] static Result<Tokenizer> load(const fs::path& folder);
  [[nodiscard]] static Result<Tokenizer> from_json(std::string_view tokenizer_json);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Adds nothing around the text. Invalid UTF-8 becomes U+FFFD first.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;
  // One user turn and the assistant's header: what a policy is prompted with.
  [[nodiscard]] std::vector<TokenId> encode_prompt(std::string_view user_text) const;
  // Bytes of all tokens joined; invalid UTF-8 becomes U+FFFD, one per maximal part. Ids beyond the
  // vocabulary (rows of padded embeddings) give nothing.
  [[nodiscard]] std::string decode(const std::vector<TokenId>& ids,
                                   bool skip_special = false) const;

  // One more than the largest id.
  [[nodiscard]] std::int64_t vocab_size() const;
  // The id of a token spelled as in tokenizer.json (added tokens as they read).
  [[nodiscard]] std::optional<TokenId> find(std::string_view token) const;
  // The bytes a token stands for; empty for unknown ids.
  [[nodiscard]] const std::string& bytes(TokenId id) const;
  [[nodiscard]] bool is_special(TokenId id) const;
  // <|im_end|> and <|endoftext|>, where the vocabulary has them.
  [[nodiscard]] std::vector<TokenId> stop_ids() const;

 private:
  friend struct TokenizerBuilder;
  struct Impl;
  explicit Tokenizer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Learns merges until the vocabulary, its 256 bytes and the three ChatML tokens included, has
// vocab_size entries or no pair occurs twice. Deterministic: the most frequent pair first, then the
// pair of the lower ids. The result is the text of tokenizer.json.
[[nodiscard]] Result<std::string> train_tokenizer(const std::vector<std::string_view>& texts,
                                                  std::int64_t vocab_size);
// tokenizer_config.json with the ChatML template.
[[nodiscard]] std::string tokenizer_config_json(std::int64_t max_tokens);

// Copies tokenizer.json and tokenizer_config.json.
[[nodiscard]] Result<void> copy_tokenizer(const fs::path& from_folder, const fs::path& to_folder);

}  // namespace cairn::model
