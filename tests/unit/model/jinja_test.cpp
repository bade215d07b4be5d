// jinja_cases.jsonl: {"variables"} of all cases, then {"template", "text"}; text is null where
// jinja2 has an error. JinjaOracle asks jinja2 itself whether they are right.
#include <gtest/gtest.h>

#include "plugins/lib/model/jinja_template.h"
#include "tests/unit/model/fixtures.h"

namespace cairn::model::jinja {
namespace {

std::string refusal(const std::string& source, const json::object& variables = {}) {
  const auto parsed = Template::parse(source);
  if (!parsed.ok()) return parsed.error().message;
  const auto text = parsed->render(variables);
  return text.ok() ? "rendered: " + *text : text.error().message;
}

std::string repeated(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

TEST(Jinja, RendersEveryCaseAsJinja2Does) {
  const auto lines = read_lines(fs::path(CAIRN_SOURCE_DIR) / "tests/unit/model/jinja_cases.jsonl");
  const json::object& variables = lines.front().at("variables").as_object();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const std::string source(lines[i].at("template").as_string());
    const auto parsed = Template::parse(source);
    const auto text = parsed.ok() ? parsed->render(variables) : Result<std::string>(parsed.error());
    if (lines[i].at("text").is_null()) {
      EXPECT_FALSE(text.ok()) << source << "\n" << (text.ok() ? *text : "");
    } else {
      ASSERT_TRUE(text.ok()) << source << "\n" << text.error().to_string();
      EXPECT_EQ(*text, lines[i].at("text").as_string()) << source;
    }
  }
}

TEST(Jinja, NamesLineAndColumnOfWhatItHasNot) {
  const auto expect = [](const std::string& source, const std::string& place,
                         const std::string& what) {
    const std::string said = refusal(source, {{"text", "a"}, {"list", json::array{1}}});
    EXPECT_NE(said.find(place), std::string::npos) << source << "\n" << said;
    EXPECT_NE(said.find(what), std::string::npos) << source << "\n" << said;
  };
  expect("a\n {% include 'x' %}", "line 2, column 5", "include");
  expect("{{ 'é' }}{{ text | wordcount }}", "line 1, column 20", "the filter wordcount");
  expect("{{ text is odd }}", "line 1, column 12", "the test odd");
  expect("{{ text.zfill(3) }}", "line 1, column 9", "the method zfill");
  expect("\n\n{{ strftime_now('%Y') }}", "line 3", "strftime_now, which is not defined");
  expect("{{ list }}", "line 1, column 1", "a list is written as text");
  expect("{{ 1 / 2 }}", "line 1", "no place");
  expect("{{ 2.5 }}", "line 1", "decimal integer");
  expect("{{ text.upper }}", "line 1", "upper of a text");
  expect("{{ text * 2 }}", "line 1", "* between a text and an integer");
  expect("{% for a in list recursive %}{% endfor %}", "line 1", "recursive");
  expect("{% for a in list %}{% macro m() %}{% endmacro %}{% endfor %}", "column 23", "a macro");
  expect("{{ caller() }}", "line 1", "caller");
  expect("{{ namespace }}", "line 1", "namespace without a call");
  expect("{% set n = namespace() %}{{ [n] }}", "line 1", "a namespace stands inside");
  expect("{{ raise_exception('roles must alternate') }}", "refuses these messages",
         "roles must alternate");
  expect("{{ 9223372036854775807 + 1 }}", "line 1", "beyond 64 bits");
}

TEST(Jinja, HasNoClock) {
  EXPECT_EQ(refusal("{% if strftime_now is defined %}now{% else %}then{% endif %}"),
            "rendered: then");
}

TEST(Jinja, EndsWhatWouldRunOrGrowWithoutEnd) {
  const std::string loops = "{% for a in range(1000) %}";
  const std::string end = "{% endfor %}";
  const std::vector<std::string> hostile = {
      repeated(loops, 6) + repeated(end, 6),
      "{% set n = namespace(x='ab') %}{% for a in range(99) %}{% set n.x = n.x ~ n.x %}{% endfor "
      "%}",
      "{% set n = namespace(x=[1]) %}{% for a in range(99) %}{% set n.x = n.x + n.x %}{% endfor %}",
      "{% set n = namespace(x=[1]) %}{% for a in range(999) %}{% set n.x = [n.x] %}{% endfor %}",
      "{% set n = namespace(x='aa') %}{% for a in range(99) %}"
      "{% set n.x = n.x.replace('a', 'aaaa') %}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{{ m() ~ m() }}{% endmacro %}{{ m() }}",
      "{% for a in range(1000000) %}{{ range(1000000) | tojson(indent=16) }}{% endfor %}",
      "{% for a in range(1000000) %}{{ messages | tojson }}{% endfor %}",
      "{{ range(1000000000000) }}",
      repeated("{{ (", 1) + repeated("(", 100000) + repeated(")", 100000) + ") }}",
      "{{ " + repeated("not ", 100000) + "1 }}",
      "{{ " + repeated("-", 100000) + "1 }}",
      "{{ 1" + repeated(" + 1", 100000) + " }}",
      "{{ 1" + repeated(" if 1 else 1", 50000) + " }}",
      "{{ x" + repeated(".a", 100000) + " }}",
      "{{ x" + repeated("|trim", 100000) + " }}",
      repeated("{% if 1 %}", 50000) + repeated("{% endif %}", 50000),
      repeated(" ", (1 << 20) + 1),
  };
  json::array messages;
  for (int i = 0; i < 1000; ++i)
    messages.push_back(json::object{{"content", std::string(1000, 'a')}});
  for (const std::string& source : hostile) {
    const std::string said = refusal(source, {{"messages", messages}});
    EXPECT_EQ(said.find("rendered"), std::string::npos) << source.substr(0, 100) << "\n"
                                                        << said.substr(0, 100);
  }
}

TEST(Jinja, SearchesInLinearTime) {
  const std::string text(4'000'000, 'a');
  const json::object variables = {{"text", text}, {"part", std::string(100'000, 'a') + "b"}};
  const auto found = Template::parse("{{ part in text }}{{ text.split(part) | length }}");
  ASSERT_TRUE(found.ok()) << found.error().to_string();
  EXPECT_EQ(found->render(variables).value(), "False1");
}

TEST(Jinja, RendersLongConversationsWithinItsLimits) {
  json::array messages;
  for (int i = 0; i < 20'000; ++i) {
    messages.push_back(
        {{"role", i % 2 == 0 ? "user" : "assistant"}, {"content", "word " + std::to_string(i)}});
  }
  messages.push_back(json::object{{"role", "user"}, {"content", std::string(16'000'000, 'x')}});
  const auto chat = Template::parse(
      "{% for m in messages[::-1] %}{% if '</t>' in m.content %}{% endif %}{% endfor %}"
      "{% for m in messages %}{{ '<' ~ m.role ~ '>' + m.content.split('</t>')[-1].lstrip() }}"
      "{% endfor %}");
  ASSERT_TRUE(chat.ok()) << chat.error().to_string();
  const auto text = chat->render({{"messages", messages}});
  ASSERT_TRUE(text.ok()) << text.error().to_string();
  EXPECT_TRUE(text->starts_with("<user>word 0<assistant>word 1<user>word 2"));
  EXPECT_TRUE(text->ends_with("<user>" + std::string(16'000'000, 'x')));
}

TEST(Jinja, TakesBytesThatAreNoUtf8AsTheyAre) {
  const auto shown = Template::parse("{{ text | length }}{{ text[1] }}{{ text.strip('a') }}");
  EXPECT_EQ(shown->render({{"text", "a\xff\xe6\x97"}}).value(), "4\xff\xff\xe6\x97");
}

}  // namespace
}  // namespace cairn::model::jinja
