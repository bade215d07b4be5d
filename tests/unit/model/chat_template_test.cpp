#include "plugins/lib/model/chat_template.h"

#include <gtest/gtest.h>

#include "plugins/lib/model/tokenizer.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model {
namespace {

constexpr const char* kPlain =
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + "
    "'<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' "
    "}}{% endif %}";
constexpr const char* kWithPreamble =
    "{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ "
    "'<|im_start|>system\nBe kind.<|im_end|>\n' }}{% endif %}{{'<|im_start|>' + message['role'] + "
    "'\n' + message['content'] + '<|im_end|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ "
    "'<|im_start|>assistant\n' }}{% endif %}";

const std::vector<ChatMessage> kHi = {{"user", "Hi"}};

std::string replaced(std::string text, const std::string& what, const std::string& with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(ChatTemplate, RendersTheFixturesChatsFromItsOwnTemplate) {
  const fs::path folder = fixtures() / "tokenizer";
  const auto chat = ChatTemplate::load(folder);
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  for (const json::object& line : read_lines(folder / "chat.jsonl")) {
    std::vector<ChatMessage> messages;
    for (const json::value& message : line.at("messages").as_array()) {
      messages.push_back({std::string(message.at("role").as_string()),
                          std::string(message.at("content").as_string())});
    }
    const json::value& thinking = line.at("enable_thinking");
    EXPECT_EQ(chat->render(messages, line.at("add_generation_prompt").as_bool(),
                           thinking.is_null() ? std::nullopt : std::optional(thinking.as_bool()))
                  .value(),
              line.at("text").as_string());
  }
}

TEST(ChatTemplate, PutsADefaultSystemMessageInFrontWhereThereIsNone) {
  const auto chat = ChatTemplate::parse(kWithPreamble);
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  EXPECT_EQ(chat->render(kHi, true).value(),
            "<|im_start|>system\nBe kind.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n"
            "<|im_start|>assistant\n");
  EXPECT_EQ(chat->render({{"system", "Be brief."}}, false).value(),
            "<|im_start|>system\nBe brief.<|im_end|>\n");
  EXPECT_EQ(chat->render({}, false).value(), "");
}

TEST(ChatTemplate, IgnoresTheThinkingSwitchWhereTheTemplateHasNone) {
  EXPECT_EQ(ChatTemplate::parse(kPlain).value().render(kHi, true, false).value(),
            "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
}

TEST(ChatTemplate, SeesThroughLayoutAndSpelling) {
  const std::string other =
      "{#- chat -#}\n{%- for m in messages -%}\n  <|im_start|>{{ m.role }}{{ \"\\n\" }}\n"
      "  {{- m[\"content\"] ~ '<|im_end|>\\n' -}}\n{%- endfor -%}\n"
      "{% if add_generation_prompt %}\n<|im_start|>assistant\n{% endif %}\n";
  const auto chat = ChatTemplate::parse(other);
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  EXPECT_EQ(chat->render(kHi, true).value(),
            ChatTemplate::parse(kPlain).value().render(kHi, true).value());
}

TEST(ChatTemplate, LeavesOutThoughtsWhereTheTemplateDoes) {
  const auto chat = ChatTemplate::parse(
      read_text(fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model/chat_templates/thoughts.jinja"));
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  const std::vector<ChatMessage> messages = {{"user", "One?"},
                                             {"assistant", "<think>\nhm\n</think>\n\nYes."},
                                             {"user", "Two?"},
                                             {"assistant", "<think>\nwell\n</think>\n\nNo."}};
  const std::string earlier =
      "<|im_start|>user\nOne?<|im_end|>\n<|im_start|>assistant\nYes.<|im_end|>\n"
      "<|im_start|>user\nTwo?<|im_end|>\n<|im_start|>assistant\n";
  EXPECT_EQ(chat->render(messages, false).value(),
            earlier + "<think>\nwell\n</think>\n\nNo.<|im_end|>\n");
  const std::vector<ChatMessage> asked(messages.begin(), messages.end() - 1);
  EXPECT_EQ(chat->render(asked, true).value(), earlier);
  EXPECT_EQ(chat->render(asked, true, false).value(), earlier + "<think>\n\n</think>\n\n");
}

TEST(ChatTemplate, KnowsTheSpecialTokensOfTheFolder) {
  const TempFolder folder;
  const json::object config = {{"chat_template", "{{ bos_token }}{{ eos_token }}{{ unk_token }}"},
                               {"bos_token", "<s>"},
                               {"eos_token", json::object{{"content", "</s>"}}},
                               {"unk_token", nullptr}};
  ASSERT_TRUE(real_file_system()
                  .write_atomic(folder.path() / "tokenizer_config.json", json::serialize(config))
                  .ok());
  EXPECT_EQ(ChatTemplate::load(folder.path()).value().render(kHi, true).value(), "<s></s>");
}

TEST(ChatTemplate, SaysWhereAnUnknownTemplateHasWhatItDoesNotKnow) {
  const auto refusal = [](const std::string& text) {
    const auto chat = ChatTemplate::parse(text);
    return chat.ok() ? std::string() : chat.error().to_string();
  };
  const std::string said = refusal(std::string(kPlain) + "\n {% include 'more' %}");
  EXPECT_NE(said.find("none that Cairn knows: line 5, column 5: the statement include"),
            std::string::npos)
      << said;
  EXPECT_NE(said.find("chat_template.jinja"), std::string::npos) << "no next step: " << said;
  EXPECT_NE(refusal(replaced(kPlain, "message['content']", "message['content'] | wordwrap"))
                .find("the filter wordwrap"),
            std::string::npos);
  for (const char* broken : {"{%", "{{ '", "{{ 'a\\", "{% for", "{% if x %}", "{{", "{{ a b }}"}) {
    EXPECT_NE(refusal(broken), "") << broken;
  }
}

TEST(ChatTemplate, PrefersTheFileOfItsOwnAndReadsListsOfTemplates) {
  const TempFolder folder;
  FileSystem& files = real_file_system();
  EXPECT_FALSE(ChatTemplate::load(folder.path()).ok());
  const auto write_config = [&](const json::value& value) {
    const std::string text = json::serialize(json::object{{"chat_template", value}});
    ASSERT_TRUE(files.write_atomic(folder.path() / "tokenizer_config.json", text).ok());
  };
  write_config(nullptr);
  EXPECT_NE(ChatTemplate::load(folder.path()).error().message.find("no chat template"),
            std::string::npos);
  write_config(json::array{json::object{{"name", "tool_use"}, {"template", "{{ tools }}"}},
                           json::object{{"name", "default"}, {"template", kPlain}}});
  EXPECT_TRUE(ChatTemplate::load(folder.path()).ok());
  ASSERT_TRUE(files.write_atomic(folder.path() / "chat_template.jinja", kWithPreamble).ok());
  EXPECT_NE(ChatTemplate::load(folder.path()).value().render(kHi, false).value().find("Be kind."),
            std::string::npos);
}

TEST(ChatTemplate, ReadsTheOneThatCairnWrites) {
  const TempFolder folder;
  ASSERT_TRUE(real_file_system()
                  .write_atomic(folder.path() / "tokenizer_config.json", tokenizer_config_json(512))
                  .ok());
  const auto chat = ChatTemplate::load(folder.path());
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  EXPECT_EQ(chat->render(kHi, true).value(), render_chat(kHi, true));
}

TEST(ChatTemplate, IsWhatATokenizerOfTheFolderPromptsWith) {
  const TempFolder folder;
  FileSystem& files = real_file_system();
  const std::string tokenizer_json = read_text(fixtures() / "tokenizer" / "tokenizer.json");
  ASSERT_TRUE(files.write_atomic(folder.path() / "tokenizer.json", tokenizer_json).ok());
  const auto prompt = [&] {
    const Tokenizer tokenizer = Tokenizer::load(folder.path()).value();
    return tokenizer.decode(tokenizer.encode_prompt("Hi").value());
  };
  EXPECT_EQ(prompt(), render_chat(kHi, true)) << "plain ChatML without a template";
  const fs::path file = folder.path() / "chat_template.jinja";
  ASSERT_TRUE(files.write_atomic(file, kWithPreamble).ok());
  EXPECT_EQ(prompt(), ChatTemplate::parse(kWithPreamble).value().render(kHi, true).value());
  ASSERT_TRUE(files.write_atomic(file, "{{ messages }}").ok());
  const auto unknown = Tokenizer::load(folder.path());
  ASSERT_FALSE(unknown.ok());
  EXPECT_NE(unknown.error().message.find(folder.path().string()), std::string::npos);
  ASSERT_TRUE(files.write_atomic(file, "{% include 'other' %}").ok());
  const auto foreign = Tokenizer::load(folder.path());
  ASSERT_FALSE(foreign.ok());
  EXPECT_NE(foreign.error().message.find(file.string()), std::string::npos);
  EXPECT_TRUE(Tokenizer::load_without_chat(folder.path()).ok());
}

}  // namespace
}  // namespace cairn::model
