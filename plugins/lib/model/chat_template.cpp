#include "plugins/lib/model/chat_template.h"

#include "core/base/json.h"
#include "core/base/text.h"
#include "plugins/lib/model/jinja_tags.h"

namespace cairn::model {

// Recursive descent over the tags of a template.
class ChatTemplateReader {
 public:
  explicit ChatTemplateReader(std::vector<JinjaTag> tags) : tags_(std::move(tags)) {}

  Result<ChatTemplate> read() {
    ChatTemplate chat;
    chat.prompts_ = false;
    chat.no_thought_.clear();
    if (statement("if messages[0].role != 'system'")) {
      CAIRN_TRY(read_preamble(chat));
    }
    CAIRN_TRY(read_loop(chat));
    if (statement("if add_generation_prompt")) {
      CAIRN_TRY(read_prompt(chat));
    }
    if (at_ < tags_.size()) return unknown();
    return chat;
  }

 private:
  // Steps over a statement that reads like this.
  bool statement(std::string_view text) {
    if (at_ == tags_.size() || tags_[at_].kind != JinjaTag::Kind::kStatement) return false;
    if (tags_[at_].text != text) return false;
    ++at_;
    return true;
  }

  // Text and {{ }} from here on as one: literals joined, variables in braces.
  std::string output() {
    std::string joined;
    while (at_ < tags_.size() && tags_[at_].kind == JinjaTag::Kind::kOutput) {
      joined += tags_[at_++].text;
    }
    return joined;
  }

  Result<void> read_preamble(ChatTemplate& chat) {
    chat.preamble_ = output();
    if (chat.preamble_.find(kVariableMark) != std::string::npos || !statement("endif")) {
      return unknown();
    }
    return {};
  }

  Result<void> read_loop(ChatTemplate& chat) {
    constexpr std::string_view kFor = "for ";
    constexpr std::string_view kIn = " in messages";
    if (at_ == tags_.size() || tags_[at_].kind != JinjaTag::Kind::kStatement) return unknown();
    const std::string& loop = tags_[at_].text;
    if (!loop.starts_with(kFor) || !loop.ends_with(kIn) ||
        loop.size() <= kFor.size() + kIn.size()) {
      return unknown();
    }
    const std::string variable = loop.substr(kFor.size(), loop.size() - kFor.size() - kIn.size());
    ++at_;
    if (chat.preamble_.empty() && statement("if loop.first and messages[0].role != 'system'")) {
      CAIRN_TRY(read_preamble(chat));
    }
    const std::size_t body = at_;
    const std::string mark(1, kVariableMark);
    if (output() != kImStart + mark + variable + ".role" + mark + "\n" + mark + variable +
                        ".content" + mark + kImEnd + "\n") {
      at_ = body;
      return unknown();
    }
    if (!statement("endfor")) return unknown();
    return {};
  }

  Result<void> read_prompt(ChatTemplate& chat) {
    const std::size_t body = at_;
    if (output() != std::string(kImStart) + "assistant\n") {
      at_ = body;
      return unknown();
    }
    chat.prompts_ = true;
    if (statement("if enable_thinking is defined and enable_thinking is false")) {
      chat.no_thought_ = output();
      if (chat.no_thought_.find(kVariableMark) != std::string::npos || !statement("endif")) {
        return unknown();
      }
    }
    if (!statement("endif")) return unknown();
    return {};
  }

  [[nodiscard]] Error unknown() const {
    return invalid_argument(
        "the chat template is none that Cairn knows: " +
            (at_ < tags_.size() ? "it has " + quoted_tag(tags_[at_]) + " where ChatML has not"
                                : std::string("it ends before ChatML does")),
        "Cairn renders plain ChatML, with a default system message or not; replace chat_template "
        "in the tokenizer's folder if the model was trained on that");
  }

  static std::string quoted_tag(const JinjaTag& tag) {
    constexpr std::size_t kShown = 120;
    std::string text = tag.text;
    for (char& c : text) c = c == kVariableMark ? '|' : c;
    if (text.size() > kShown) text = text.substr(0, kShown) + "…";
    return (tag.kind == JinjaTag::Kind::kStatement ? "{% " : "the output \"") + printable(text) +
           (tag.kind == JinjaTag::Kind::kStatement ? " %}" : "\"") + " (byte " +
           std::to_string(tag.begin) + ")";
  }

  std::vector<JinjaTag> tags_;
  std::size_t at_ = 0;
};

Result<ChatTemplate> ChatTemplate::parse(std::string_view jinja) {
  CAIRN_ASSIGN(std::vector<JinjaTag> tags, read_jinja(jinja));
  return ChatTemplateReader(std::move(tags)).read();
}

namespace {

// chat_template of tokenizer_config.json; empty where there is none.
Result<std::string> template_of_config(const std::string& text) {
  CAIRN_ASSIGN(const json::object config, parse_json_object(text));
  const json::value* value = config.if_contains("chat_template");
  if (value == nullptr || value->is_null()) return std::string();
  if (value->is_string()) return std::string(value->get_string());
  if (const json::array* list = value->if_array()) {
    for (const json::value& entry : *list) {
      if (!entry.is_object()) continue;
      CAIRN_ASSIGN(const std::string name, get_string(entry.get_object(), "name"));
      if (name == "default") return get_string(entry.get_object(), "template");
    }
    return corrupt("chat_template lists no template named \"default\"");
  }
  return corrupt("chat_template is neither a string nor a list of templates");
}

}  // namespace

Result<std::optional<ChatTemplate>> ChatTemplate::find(const fs::path& folder) {
  FileSystem& files = real_file_system();
  std::error_code ignored;
  fs::path file = folder / "chat_template.jinja";
  std::string jinja;
  if (fs::exists(file, ignored)) {
    CAIRN_ASSIGN(jinja, files.read(file));
  } else {
    file = folder / "tokenizer_config.json";
    if (!fs::exists(file, ignored)) return std::optional<ChatTemplate>();
    CAIRN_ASSIGN(const std::string config, files.read(file));
    auto found = template_of_config(config);
    if (!found.ok()) return with_context(std::move(found).error(), file.string());
    jinja = std::move(*found);
    if (jinja.empty()) return std::optional<ChatTemplate>();
  }
  auto chat = parse(jinja);
  if (!chat.ok()) return with_context(std::move(chat).error(), file.string());
  return std::optional(*chat);
}

Result<ChatTemplate> ChatTemplate::load(const fs::path& folder) {
  CAIRN_ASSIGN(const auto found, find(folder));
  if (found) return *found;
  return not_found(folder.string() + " has no chat template",
                   "add chat_template.jinja, or chat_template to tokenizer_config.json");
}

std::string ChatTemplate::render(const std::vector<ChatMessage>& messages,
                                 bool add_generation_prompt,
                                 std::optional<bool> enable_thinking) const {
  std::string text;
  if (!messages.empty() && messages.front().role != "system") text = preamble_;
  for (const ChatMessage& message : messages) {
    text += kImStart + message.role + "\n" + message.content + kImEnd + "\n";
  }
  if (add_generation_prompt && prompts_) {
    text += std::string(kImStart) + "assistant\n";
    if (enable_thinking.has_value() && !*enable_thinking) text += no_thought_;
  }
  return text;
}

std::string render_chat(const std::vector<ChatMessage>& messages, bool add_generation_prompt,
                        std::optional<bool> enable_thinking) {
  return ChatTemplate().render(messages, add_generation_prompt, enable_thinking);
}

}  // namespace cairn::model
