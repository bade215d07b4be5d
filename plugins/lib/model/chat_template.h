// Chats as models read them: ChatML.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/files.h"
#include "core/base/result.h"

namespace cairn::model {

inline constexpr const char* kEndOfText = "<|endoftext|>";
inline constexpr const char* kImStart = "<|im_start|>";
inline constexpr const char* kImEnd = "<|im_end|>";

struct ChatMessage {
  std::string role;
  std::string content;
};

// A chat template of the ChatML family: each message is
// "<|im_start|>ROLE\nCONTENT<|im_end|>\n", content inserted as it is; a generation prompt is
// "<|im_start|>assistant\n". A default-constructed one is plain ChatML with the thinking switch.
class ChatTemplate {
 public:
  ChatTemplate() = default;

  // Recognises a Jinja template by what it does, not by how it is laid out: a loop over the
  // messages, optionally a text in front where the first message is no system message (SmolLM2),
  // optionally a generation prompt, optionally an empty thought where enable_thinking is false
  // (Qwen3). Anything else is an error that shows where it leaves this form.
  [[nodiscard]] static Result<ChatTemplate> parse(std::string_view jinja);
  // From a tokenizer's folder: chat_template.jinja, else chat_template of tokenizer_config.json
  // (a string, or a list with one named "default"). Nothing where there is neither.
  [[nodiscard]] static Result<std::optional<ChatTemplate>> find(const fs::path& folder);
  // The same; an error where there is none.
  [[nodiscard]] static Result<ChatTemplate> load(const fs::path& folder);

  // `enable_thinking` false appends an empty thought to the generation prompt; templates without
  // that switch ignore it, as Jinja does.
  [[nodiscard]] std::string render(const std::vector<ChatMessage>& messages,
                                   bool add_generation_prompt,
                                   std::optional<bool> enable_thinking = std::nullopt) const;

 private:
  friend class ChatTemplateReader;
  std::string preamble_;  // before a first message that is no system message
  bool prompts_ = true;   // knows generation prompts
  std::string no_thought_ = "<think>\n\n</think>\n\n";
};

// Plain ChatML: what the default ChatTemplate renders.
[[nodiscard]] std::string render_chat(const std::vector<ChatMessage>& messages,
                                      bool add_generation_prompt,
                                      std::optional<bool> enable_thinking = std::nullopt);

}  // namespace cairn::model
