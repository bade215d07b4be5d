// What programs, models and workflows of others write does nothing to the terminal it is shown on.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/text.h"
#include "tests/e2e/server.h"

namespace cairn::e2e {
namespace {

using ::testing::HasSubstr;

// A link, the clipboard, the title, a line written over, C1 as text, turned around, not to be seen.
constexpr const char* kWorkflow = R"(cairn: 1
name: hostile
params:
  word: {type: string, default: "\e]8;;http://evil.test\e\\x\u202Egpj"}
stages:
  talks:
    uses: shell
    cache: false
    with:
      run: |
        printf 'clip \033]52;c;cm0=\007 over\rwritten\n'
        printf 'c1 \302\2332J turned \342\200\256gnp hidden \342\200\213 byte \377\n'
        printf '{"id": "\302\233", "text": "row \342\200\256 \\u001b]52;c;x"}\n' > rows.jsonl
        printf 'text \033]0;title\007\342\200\256\n' > text.txt
        echo "$WORD"
      env: {WORD: "${params.word}"}
      outputs: {rows: rows.jsonl, text: text.txt}
  each:
    uses: shell
    inputs: {rows: talks.rows}
    matrix: {k: ["\u202Ekey", "\e]52;c;x\a"]}
    with: {run: "true", env: {K: "${matrix.k}"}}
  breaks:
    uses: shell
    after: [talks]
    with: {run: "printf 'oh \\033]52;c;no\\007 \\342\\200\\256no\\n' >&2; exit 3"}
)";

std::string harm_in(const std::string& text) {
  if (!is_valid_utf8(text)) return "bytes that are no text";
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    if ((value < 0x20 && byte != '\n' && byte != '\t') || value == 0x7f)
      return "the control character " + std::to_string(value);
  }
  for (const auto& [sign, name] : {std::pair("\u009b", "CSI of C1"),
                                   {"\u202e", "U+202E"},
                                   {"\u200b", "U+200B"},
                                   {"\u2066", "U+2066"}}) {
    if (text.find(sign) != std::string::npos) return name;
  }
  return "";
}

class Terminal : public ::testing::Test {
 protected:
  Finished harmless(std::vector<std::string> words) const {
    Finished last;
    for (const char* format : {"json", "table"}) {
      auto arguments = words;
      arguments.insert(arguments.end(), {"-o", format});
      last = place_.run(arguments);
      EXPECT_EQ(harm_in(last.out), "") << join(arguments, " ") << "\n" << last.out;
      EXPECT_EQ(harm_in(last.err), "") << join(arguments, " ") << "\n" << last.err;
    }
    return last;
  }
  const Place place_;
};

TEST_F(Terminal, NoCommandHandsItWhatDataHold) {
  place_.write("w.yaml", kWorkflow);
  EXPECT_EQ(harmless({"run", "w.yaml"}).exit_code, 1);
  harmless({"run", "w.yaml", "--set", "word=\x1b]52;c;x\x07\u202e"});
  std::string told;
  for (const Words& words : std::vector<Words>{{"list"},
                                               {"get", "@latest"},
                                               {"get", "@latest/talks"},
                                               {"get", "@latest/each"},
                                               {"get", "@latest/breaks"},
                                               {"explain", "@latest"},
                                               {"explain", "@latest/each"},
                                               {"events", "@latest"},
                                               {"watch", "@latest"},
                                               {"logs", "@latest"},
                                               {"logs", "@latest/breaks", "--tail", "5"},
                                               {"metrics", "@latest"},
                                               {"artifacts", "list", "@latest"},
                                               {"artifacts", "preview", "@latest/talks/rows"},
                                               {"artifacts", "preview", "@latest/talks/text"},
                                               {"lineage", "@latest/talks/rows"},
                                               {"resume", "@latest", "--dry-run"},
                                               {"plan", "w.yaml"},
                                               {"validate", "w.yaml"},
                                               {"artifacts", "gc", "--dry-run"}}) {
    const Finished shown = harmless(words);
    const bool ends_as_its_run = words[0] == "watch";
    EXPECT_EQ(shown.exit_code, ends_as_its_run ? 1 : 0) << join(words, " ") << shown.err;
    EXPECT_FALSE(shown.out.empty() && shown.err.empty()) << join(words, " ");
    told += shown.out;
  }
  const auto runs = place_.run_json({"list"}).as_array();
  ASSERT_GE(runs.size(), 2U);
  const auto id = [&](std::size_t i) { return std::string(runs[i].at("id").as_string()); };
  told += harmless({"diff", id(0), id(runs.size() - 1)}).out;
  // It is shown, not left out.
  for (const char* shown :
       {"clip \\x1b]52;c;cm0=\\x07 over\\x0dwritten", "c1 \\u009b2J turned \\u202egnp", "\\u200b",
        "\\x1b]8;;http://evil.test", "text \\x1b]0;title\\x07\\u202e"})
    EXPECT_NE(told.find(shown), std::string::npos) << shown;
}

TEST_F(Terminal, RawGivesTheBytes) {
  place_.write("w.yaml", kWorkflow);
  ASSERT_EQ(place_.run({"run", "w.yaml"}).exit_code, 1);
  EXPECT_THAT(place_.run({"logs", "@latest/talks", "--raw"}).out,
              HasSubstr("clip \x1b]52;c;cm0=\x07 over\rwritten\n"));
  EXPECT_THAT(place_.run({"logs", "@latest/talks", "--raw"}).out,
              HasSubstr("c1 \u009b2J turned \u202egnp hidden \u200b"));
}

TEST_F(Terminal, NorDoMistakesOfWorkflowsAndCommandLines) {
  place_.write("w.yaml",
               "cairn: 1\nname: x\nstages:\n  \"a\\e]52;c;x\\a\\u202E\": {uses: shell}\n");
  EXPECT_EQ(harmless({"validate", "w.yaml"}).exit_code, 3);
  place_.write("w.yaml", "cairn: 1\nname: x\nstages:\n  a: {uses: \"sh\\e[2Jell\u202e\"}\n");
  EXPECT_EQ(harmless({"validate", "w.yaml"}).exit_code, 3);
  EXPECT_EQ(harmless({"run", "w.yaml"}).exit_code, 3);
  place_.write("bytes.yaml", "cairn: 1\nname: \x1b]52;c;x\x07\xff\n");
  EXPECT_EQ(harmless({"run", "bytes.yaml"}).exit_code, 3);
  const std::string hostile = "\x1b]52;c;x\x07\u202e\xff";
  EXPECT_EQ(harmless({"get", hostile}).exit_code, 4);
  EXPECT_EQ(harmless({"run", hostile}).exit_code, 4);
  EXPECT_NE(harmless({hostile}).exit_code, 0);
  EXPECT_NE(harmless({"list", "--status", hostile}).exit_code, 0);
  const Server server(place_);
  place_.write("good.yaml", kHelloWorkflow);
  const std::string name = "\x1b]52;c;x\x07\u202e";
  EXPECT_EQ(harmless({"submit", "w.yaml"}).exit_code, 3);
  EXPECT_EQ(harmless({"submit", "good.yaml", "--name", name, "--wait"}).exit_code, 0);
  EXPECT_EQ(harmless({"list"}).exit_code, 0);
  for (const std::string& text : {name, hostile}) {
    EXPECT_NE(harmless({"cancel", "x" + text}).exit_code, 0);
    EXPECT_NE(harmless({"approve", "@latest/x" + text}).exit_code, 0);
  }
}

}  // namespace
}  // namespace cairn::e2e
