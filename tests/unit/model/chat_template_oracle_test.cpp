// Templates against jinja2, where the Python named by CAIRN_PYTHON (else python3) has it: the cases
// of jinja_cases.jsonl, and random conversations in the templates *.jinja of
// tests/unit/model/chat_templates and of the folder that CAIRN_CHAT_TEMPLATES names.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>

#include "core/base/random.h"
#include "core/base/text.h"
#include "plugins/lib/model/jinja_template.h"
#include "tests/unit/model/fixtures.h"
#include "tests/unit/model/python.h"

namespace cairn::model::jinja {
namespace {

struct Case {
  std::string source;
  json::object variables;
};

// One line for each case: {"text"} or {"error"}.
std::vector<json::object> ask_jinja2(const std::vector<Case>& cases) {
  const TempFolder folder;
  std::string lines;
  for (const Case& asked : cases) {
    lines +=
        json::serialize(json::object{{"template", asked.source}, {"variables", asked.variables}}) +
        "\n";
  }
  const fs::path file = folder.path() / "cases.jsonl";
  EXPECT_TRUE(real_file_system().write_atomic(file, lines).ok());
  const std::string answers = output_of(
      python() + " " CAIRN_SOURCE_DIR "/tests/unit/model/chat_template_oracle.py " + file.string());
  std::vector<json::object> all;
  for (const std::string_view line : cairn::split(answers, '\n')) {
    if (!line.empty()) all.push_back(parse_json_object(line).value());
  }
  EXPECT_EQ(all.size(), cases.size());
  return all;
}

bool has_jinja2() {
  return output_of(python() + " -c 'import jinja2; print(1)'") == "1\n";
}

template <typename T>
const T& one_of(RandomStream& draw, const std::vector<T>& all) {
  return all[draw.below(all.size())];
}

std::string random_content(RandomStream& draw) {
  static const std::vector<std::string> kParts = {"Hi",
                                                  " there ",
                                                  "\n",
                                                  "\n\n",
                                                  "<think>",
                                                  "</think>",
                                                  "<think>\nhm\n</think>\n\n",
                                                  "\t",
                                                  "<tool_response>",
                                                  "</tool_response>",
                                                  "{{ x }}",
                                                  "\xc3\xa9\xe6\x97\xa5",
                                                  "\"q\"",
                                                  "<|im_end|>",
                                                  "\xc2\xa0",
                                                  "'",
                                                  "\\n",
                                                  "7",
                                                  "%}"};
  std::string text;
  for (auto left = draw.below(6); left > 0; --left) text += one_of(draw, kParts);
  return text;
}

json::value random_arguments(RandomStream& draw) {
  if (draw.below(4) == 0) return json::value("{\"raw\": 1}");
  json::object arguments;
  for (auto left = draw.below(4); left > 0; --left) {
    const std::string name = "p" + std::to_string(draw.below(5));
    const std::vector<json::value> values = {1,
                                             -2.5,
                                             true,
                                             nullptr,
                                             random_content(draw).c_str(),
                                             1e20,
                                             json::array{1, "a"},
                                             json::object{{"k", json::array{}}}};
    arguments[name] = one_of(draw, values);
  }
  return arguments;
}

json::object random_message(RandomStream& draw, bool plain) {
  json::object message;
  static const std::vector<std::string> kRoles = {"user",      "assistant", "user",
                                                  "assistant", "system",    "tool"};
  message["role"] = plain ? kRoles[draw.below(4)] : one_of(draw, kRoles);
  message["content"] = random_content(draw);
  if (plain || message["role"] != "assistant") return message;
  if (draw.below(3) == 0) message["reasoning_content"] = random_content(draw);
  if (draw.below(6) == 0) message["reasoning_content"] = nullptr;
  if (draw.below(3) != 0) return message;
  json::array calls;
  for (auto left = draw.below(3); left > 0; --left) {
    json::object call = {{"name", "f" + std::to_string(left)},
                         {"arguments", random_arguments(draw)}};
    if (draw.below(2) == 0) call = {{"type", "function"}, {"function", std::move(call)}};
    calls.push_back(std::move(call));
  }
  message["tool_calls"] = std::move(calls);
  return message;
}

// Half of them as models are asked here, roles in turn; the others with all that templates read.
json::object random_conversation(std::uint64_t number) {
  RandomStream draw(2, "conversation", {number});
  const bool plain = draw.below(2) == 0;
  json::array messages;
  if (draw.below(2) == 0) {
    messages.push_back(json::object{{"role", "system"}, {"content", random_content(draw)}});
  }
  for (auto left = 1 + draw.below(6); left > 0; --left) {
    json::object message = random_message(draw, plain);
    if (plain) message["role"] = messages.size() % 2 == 0 ? "user" : "assistant";
    messages.push_back(std::move(message));
  }
  json::object variables = {{"messages", std::move(messages)},
                            {"tools", nullptr},
                            {"documents", nullptr},
                            {"add_generation_prompt", draw.below(2) == 0},
                            {"bos_token", "<s>"},
                            {"eos_token", "</s>"}};
  if (draw.below(2) == 0) variables["enable_thinking"] = draw.below(2) == 0;
  if (!plain && draw.below(2) == 0) {
    json::object parameters = {{"type", "object"},
                               {"properties", {{"a", {{"type", "string"}, {"enum", {"x"}}}}}},
                               {"required", {"a"}}};
    variables["tools"] = json::array{json::object{
        {"type", "function"},
        {"function", {{"name", "f"}, {"description", "D\"\n<"}, {"parameters", parameters}}}}};
  }
  return variables;
}

TEST(JinjaOracle, AgreesWithTheCases) {
  if (!has_jinja2()) GTEST_SKIP() << "no Python with jinja2: set CAIRN_PYTHON";
  const auto lines = read_lines(fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model/jinja_cases.jsonl");
  std::vector<Case> cases;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    cases.push_back({std::string(lines[i].at("template").as_string()),
                     lines.front().at("variables").as_object()});
  }
  const auto answers = ask_jinja2(cases);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const json::value* text = answers[i].if_contains("text");
    EXPECT_EQ(text == nullptr ? json::value() : *text, lines[i + 1].at("text")) << cases[i].source;
  }
}

// What jinja2 renders, the template gives to the byte; what it refuses is refused.
void compare(const fs::path& file, bool must_be_known) {
  constexpr std::uint64_t kConversations = 300;
  const std::string source = read_text(file);
  const auto parsed = Template::parse(source);
  if (!parsed.ok()) {
    if (must_be_known) ADD_FAILURE() << file << ": " << parsed.error().to_string();
    std::cout << file.filename() << " is refused: " << parsed.error().message << "\n";
    return;
  }
  std::vector<Case> cases;
  for (std::uint64_t i = 0; i < kConversations; ++i) {
    cases.push_back({source, random_conversation(i)});
  }
  const auto answers = ask_jinja2(cases);
  std::size_t rendered = 0;
  std::size_t refused = 0;
  std::string first_refusal;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto ours = parsed->render(cases[i].variables);
    const json::value* text = answers[i].if_contains("text");
    if (text == nullptr) {
      EXPECT_FALSE(ours.ok()) << file << "\n" << json::serialize(answers[i]) << "\n" << *ours;
    } else if (ours.ok()) {
      EXPECT_EQ(*ours, text->as_string()) << file << "\n" << json::serialize(cases[i].variables);
      ++rendered;
    } else {
      if (must_be_known) ADD_FAILURE() << file << ": " << ours.error().to_string();
      if (refused++ == 0) first_refusal = ours.error().message;
    }
  }
  std::cout << file.filename() << ": " << rendered << " of " << answers.size() << " rendered, "
            << refused << " refused that jinja2 renders";
  if (refused > 0) std::cout << " (" << first_refusal << ")";
  std::cout << "\n";
}

TEST(JinjaOracle, RendersRandomConversationsAsJinja2Does) {
  if (!has_jinja2()) GTEST_SKIP() << "no Python with jinja2: set CAIRN_PYTHON";
  const char* more = std::getenv("CAIRN_CHAT_TEMPLATES");
  std::vector<fs::path> files;
  for (const fs::path& folder : {fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model/chat_templates",
                                 fs::path(more == nullptr ? "" : more)}) {
    if (folder.empty()) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".jinja") files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end());
  ASSERT_FALSE(files.empty());
  for (const fs::path& file : files) {
    compare(file, more == nullptr || file.string().find(more) != 0);
  }
}

}  // namespace
}  // namespace cairn::model::jinja
