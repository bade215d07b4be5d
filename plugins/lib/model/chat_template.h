// Chats as models read them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/files.h"
#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/model/jinja_template.h"

namespace cairn::model {

inline constexpr const char* kEndOfText = "<|endoftext|>";
inline constexpr const char* kImStart = "<|im_start|>";
inline constexpr const char* kImEnd = "<|im_end|>";

struct ChatMessage {
  std::string role;
  std::string content;
};

// How a model reads chats: the Jinja template of its folder, rendered as transformers renders it
// (jinja_template.h has what is understood), or plain ChatML. A default-constructed one is plain
// ChatML with the thinking switch: each message is "<|im_start|>ROLE\nCONTENT<|im_end|>\n", content
// inserted as it is; a generation prompt is "<|im_start|>assistant\n".
// Templates decide themselves what a chat looks like: that of Qwen3 leaves out the thoughts of
// earlier assistant messages, those of Qwen2.5 and SmolLM2 put a system message in front.
class ChatTemplate {
 public:
  ChatTemplate() = default;

  // `special_tokens`: what templates may name beside the messages (bos_token, eos_token, …).
  [[nodiscard]] static Result<ChatTemplate> parse(std::string_view jinja,
                                                  json::object special_tokens = {});
  // From a tokenizer's folder: chat_template.jinja, else chat_template of tokenizer_config.json
  // (a string, or a list with one named "default"); special tokens of tokenizer_config.json.
  // Nothing where there is neither. Errors name the file.
  [[nodiscard]] static Result<std::optional<ChatTemplate>> find(const fs::path& folder);
  // The same; an error where there is none.
  [[nodiscard]] static Result<ChatTemplate> load(const fs::path& folder);

  // `enable_thinking` false asks for a generation prompt without thoughts (Qwen3: an empty
  // thought); templates without that switch ignore it. An error where the template refuses the
  // messages (raise_exception) or does with them what Cairn has not.
  [[nodiscard]] Result<std::string> render(
      const std::vector<ChatMessage>& messages, bool add_generation_prompt,
      std::optional<bool> enable_thinking = std::nullopt) const;

 private:
  ChatTemplate(jinja::Template jinja, json::object special_tokens)
      : jinja_(std::move(jinja)), special_tokens_(std::move(special_tokens)) {}
  std::optional<jinja::Template> jinja_;
  json::object special_tokens_;
};

// Plain ChatML: what the default ChatTemplate renders.
[[nodiscard]] std::string render_chat(const std::vector<ChatMessage>& messages,
                                      bool add_generation_prompt,
                                      std::optional<bool> enable_thinking = std::nullopt);

}  // namespace cairn::model
