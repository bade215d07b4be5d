#include "plugins/lib/model/chat_template.h"

namespace cairn::model {
namespace {

// chat_template of tokenizer_config.json; empty where there is none.
Result<std::string> template_of_config(const json::object& config) {
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

// Those that are set, by their names; each stands there as text or as {"content": text}.
json::object special_tokens_of(const json::object& config) {
  json::object tokens;
  for (const char* name : {"bos_token", "eos_token", "unk_token", "sep_token", "pad_token",
                           "cls_token", "mask_token"}) {
    const json::value* token = config.if_contains(name);
    if (token != nullptr && token->is_object()) token = token->get_object().if_contains("content");
    if (token != nullptr && token->is_string()) tokens[name] = *token;
  }
  return tokens;
}

}  // namespace

Result<ChatTemplate> ChatTemplate::parse(std::string_view jinja, json::object special_tokens) {
  CAIRN_ASSIGN(jinja::Template parsed, jinja::Template::parse(jinja));
  return ChatTemplate(std::move(parsed), std::move(special_tokens));
}

Result<std::optional<ChatTemplate>> ChatTemplate::find(const fs::path& folder) {
  FileSystem& files = real_file_system();
  std::error_code ignored;
  const fs::path config_file = folder / "tokenizer_config.json";
  json::object config;
  if (fs::exists(config_file, ignored)) {
    CAIRN_ASSIGN(const std::string text, files.read(config_file));
    auto parsed = parse_json_object(text);
    if (!parsed.ok()) return with_context(std::move(parsed).error(), config_file.string());
    config = std::move(*parsed);
  }
  fs::path file = folder / "chat_template.jinja";
  std::string jinja;
  if (fs::exists(file, ignored)) {
    CAIRN_ASSIGN(jinja, files.read(file));
  } else {
    file = config_file;
    auto found = template_of_config(config);
    if (!found.ok()) return with_context(std::move(found).error(), file.string());
    jinja = std::move(*found);
    if (jinja.empty()) return std::optional<ChatTemplate>();
  }
  auto chat = parse(jinja, special_tokens_of(config));
  if (!chat.ok()) return with_context(std::move(chat).error(), file.string());
  return std::optional(std::move(*chat));
}

Result<ChatTemplate> ChatTemplate::load(const fs::path& folder) {
  CAIRN_ASSIGN(auto found, find(folder));
  if (found) return std::move(*found);
  return not_found(folder.string() + " has no chat template",
                   "add chat_template.jinja, or chat_template to tokenizer_config.json");
}

Result<std::string> ChatTemplate::render(const std::vector<ChatMessage>& messages,
                                         bool add_generation_prompt,
                                         std::optional<bool> enable_thinking) const {
  if (!jinja_) return render_chat(messages, add_generation_prompt, enable_thinking);
  json::array chat;
  for (const ChatMessage& message : messages) {
    chat.push_back(json::object{{"role", message.role}, {"content", message.content}});
  }
  // What transformers passes, with nothing for tools and documents.
  json::object variables = special_tokens_;
  variables["messages"] = std::move(chat);
  variables["tools"] = nullptr;
  variables["documents"] = nullptr;
  variables["add_generation_prompt"] = add_generation_prompt;
  if (enable_thinking) variables["enable_thinking"] = *enable_thinking;
  return jinja_->render(variables);
}

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

}  // namespace cairn::model
