// Byte-level BPE tokenizers as Hugging Face's tokenizer.json describes them (RECIPE §8).
//
// encode: added tokens are cut out first (leftmost, then longest); every piece between them is
// NFC-normalised, split by the patterns, mapped to the byte alphabet and merged by rank.
// The reference is HF tokenizers with add_special_tokens=False: same ids, same text.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"
#include "plugins/lib/model/alignment.h"
#include "plugins/lib/model/chat_template.h"

namespace cairn::model {

using TokenId = std::int64_t;

struct Encoding {
  std::vector<TokenId> ids;
  std::vector<ByteSpan> spans;  // one for each id
};

// Thread-safe once loaded: calls share nothing but a list of buffers.
class Tokenizer {
 public:
  // Reads tokenizer.json of a tokenizer or model folder. Normalizers: NFC or none; pre-tokenizers:
  // Split (Isolated), Digits, ByteLevel and sequences of them. A member that would tokenize
  // otherwise is an error that names it, and so are ids that are missing, given twice or not the
  // ones that the reference gives, and merges of no token.
  // The folder's chat template is read as well: plain ChatML where it has none, and an error where
  // it has one that Cairn does not know, or that renders no prompt of one user turn.
  [[nodiscard]] static Result<Tokenizer> load(const fs::path& folder);
  // For text alone: the chat template is not looked at, chat() is plain ChatML.
  [[nodiscard]] static Result<Tokenizer> load_without_chat(const fs::path& folder);
  [[nodiscard]] static Result<Tokenizer> from_json(std::string_view tokenizer_json);
  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // Adds nothing around the text. Invalid UTF-8 becomes U+FFFD first.
  [[nodiscard]] std::vector<TokenId> encode(std::string_view text) const;
  // The same ids, and which bytes of `text` each comes from. A span covers whole code points: a
  // token that holds a part of one has the span of all of it, so neighbours may share bytes. That
  // is what the reference gives (post-processor without trim_offsets, counted in bytes), except
  // where the text changed on its way: a stretch that NFC rewrote and a broken code point belong
  // as a whole to every token with a part of them (the reference keeps the first code point only).
  [[nodiscard]] Encoding encode_with_spans(std::string_view text) const;
  // How the model reads chats.
  [[nodiscard]] const ChatTemplate& chat() const;
  // One user turn and the assistant's header, as chat() renders them: what a policy is prompted
  // with. An error where the template refuses the text.
  [[nodiscard]] Result<std::vector<TokenId>> encode_prompt(std::string_view user_text) const;
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

// Turns ids into text as they come, never half a character: bytes that may still become one are
// held back. The pieces joined, finish() included, are what decode() makes of all ids. The
// tokenizer must outlive it. For one thread at a time.
class TextStream {
 public:
  explicit TextStream(const Tokenizer& tokenizer, bool skip_special = false)
      : tokenizer_(&tokenizer), skip_special_(skip_special) {}

  // What this id completes; may be empty.
  [[nodiscard]] std::string add(TokenId id);
  // What was held back, as U+FFFD: the text ends here. Then it is as new.
  [[nodiscard]] std::string finish();

 private:
  const Tokenizer* tokenizer_;
  bool skip_special_;
  std::string held_;  // at most 3 bytes: the beginning of a code point
};

// Learns merges until the vocabulary, its 256 bytes and the three ChatML tokens included, has
// vocab_size entries or no pair occurs twice. Deterministic: the most frequent pair first, then the
// pair of the lower ids; any number of threads (0: one per processor) learns the same. The result
// is the text of tokenizer.json.
[[nodiscard]] Result<std::string> train_tokenizer(const std::vector<std::string_view>& texts,
                                                  std::int64_t vocab_size, unsigned threads = 0);
// tokenizer_config.json with the ChatML template.
[[nodiscard]] std::string tokenizer_config_json(std::int64_t max_tokens);

// Copies tokenizer.json, tokenizer_config.json and, where there is one, chat_template.jinja.
[[nodiscard]] Result<void> copy_tokenizer(const fs::path& from_folder, const fs::path& to_folder);

}  // namespace cairn::model
