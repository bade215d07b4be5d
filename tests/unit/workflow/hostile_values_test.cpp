// Values stay values: whatever stands in a parameter, a shell sees one argument and runs nothing of
// it, and an expression reads and writes nothing.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/base/subprocess.h"
#include "core/base/text.h"
#include "core/workflow/expression.h"
#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

using testing::check_text;
using ::testing::HasSubstr;
using testing::TempFolder;

constexpr std::uint64_t kSeed = 20261126;

std::string hostile(RandomStream& random) {
  static const std::string kParts[] = {"'",
                                       "\"",
                                       "`touch proof`",
                                       "$(touch proof)",
                                       "$HOME",
                                       "\n",
                                       ";",
                                       "|touch proof",
                                       "&",
                                       "&&",
                                       "\\",
                                       "\\'",
                                       "*",
                                       "?",
                                       "[a]",
                                       "~",
                                       "-n",
                                       " ",
                                       "  ",
                                       "\t",
                                       "a",
                                       "#",
                                       "!",
                                       "(",
                                       ")",
                                       "{a,b}",
                                       "<",
                                       ">proof",
                                       "\r",
                                       "\u00a0",
                                       "\u202e",
                                       "EOF",
                                       "\nEOF\ntouch proof\n",
                                       "'\"'\"'",
                                       "$'\\n'",
                                       "%s",
                                       "$(",
                                       "`",
                                       "$((1+1))",
                                       "\x1b[2J",
                                       "\x7f"};
  std::string text;
  const std::uint64_t parts = random.below(8);
  for (std::uint64_t i = 0; i <= parts; ++i) text += kParts[random.below(std::size(kParts))];
  // The value of a parameter holds no expression: that is an error of its own.
  for (std::size_t at = 0; (at = text.find("${", at)) != std::string::npos;)
    text.insert(at + 1, 1, ' ');
  return text;
}

// Each prints the arguments that reached a program, one after the other, with their number before.
constexpr const char* kScripts[] = {
    R"sh(count "${params.v}")sh",
    R"sh(count "a${params.v}b")sh",
    R"sh(x="${params.v}"; count "$x")sh",
    R"sh(x=${params.v}; count "$x")sh",
    R"sh(count "$(printf '%sx' "${params.v}")")sh",
    "x=$(cat <<EOF\n${params.v}x\nEOF\n); count \"$x\"",
    R"sh(case "${params.v}" in '') count none ;; *) count "${params.v}" ;; esac)sh",
    R"sh(set -- "${params.v}"; count "$@")sh",
    R"sh(count "${'<' + params.v + '>'}")sh",
    R"sh(count "${join([params.v, params.v], ',')}")sh"};

std::string expected(std::size_t script, const std::string& value) {
  switch (script) {
    case 1:
      return "a" + value + "b";
    case 4:
    case 5:
      return value + "x";
    case 8:
      return "<" + value + ">";
    case 9:
      return value + "," + value;
    default:
      return value;
  }
}

TEST(HostileValues, AShellSeesOneArgumentAndRunsNothingOfIt) {
  for (std::uint64_t round = 0; round < 25; ++round) {
    RandomStream random(kSeed, "values", {round});
    for (std::size_t script = 0; script < std::size(kScripts); ++script) {
      const std::string value = hostile(random);
      SCOPED_TRACE("seed " + std::to_string(kSeed) + ", round " + std::to_string(round) +
                   ", script " + std::to_string(script) + ", value " +
                   json::serialize(json::value(value)));
      const std::string run =
          "count() { printf '%s:%s' \"$#\" \"$1\"; }\n" + std::string(kScripts[script]) + "\n";
      const auto checked = check_text(
          "cairn: 1\nparams:\n  v: {type: string, default: " + json::serialize(json::value(value)) +
          "}\nstages:\n  s:\n    uses: shell\n    with: {run: " +
          json::serialize(json::value(run)) + "}\n");
      ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
      const json::object& params = checked.spec->stages[0].params;
      const TempFolder folder;
      ProcessSpec process;
      process.argv = {"/bin/sh", "-c", std::string(params.at("run").as_string())};
      process.environment = {"PATH=/usr/bin:/bin", "HOME=/nowhere"};
      for (const auto& [name, text] : params.at("env").as_object())
        process.environment.push_back(std::string(name) + "=" + std::string(text.as_string()));
      process.folder = folder.path();
      std::string out;
      ProcessHooks hooks;
      hooks.output = [&](bool, std::string_view bytes) { out += bytes; };
      const auto end = run_process(process, hooks);
      ASSERT_TRUE(end.ok() && end->success()) << out;
      EXPECT_EQ(out, "1:" + expected(script, value));
      EXPECT_TRUE(fs::is_empty(folder.path())) << "something of it ran";
      EXPECT_EQ(params.at("run").as_string().find("touch proof"), std::string::npos);
    }
  }
}

TEST(HostileValues, WhereAShellWouldParseThemIsAnError) {
  for (const char* script : {"echo '${params.v}'", "cat <<'E'\n${params.v}\nE\n",
                             "sh -c 'echo ${params.v}'", "echo \\${params.v}"}) {
    const auto checked = check_text(
        "cairn: 1\nparams:\n  v: {type: string, default: x}\nstages:\n  s:\n    uses: shell\n"
        "    with: {run: " +
        json::serialize(json::value(script)) + "}\n");
    EXPECT_FALSE(checked.spec) << script;
  }
  EXPECT_FALSE(check_text("cairn: 1\nparams:\n  v: {type: string, default: x}\nstages:\n"
                          "  s: {uses: shell, with: {run: \"true\"}}\n",
                          {"v=${1 + 1}"})
                   .spec);
}

std::string outcome_of(const std::string& text) {
  const NameLookup lookup = [](const ExpressionName&) -> Result<json::value> {
    return json::value("value");
  };
  ExpressionError error;
  const auto parsed = Expression::parse(text, &error);
  const auto value = parsed ? parsed->evaluate(lookup, &error) : std::nullopt;
  return value ? json::serialize(*value) : error.message;
}

TEST(HostileValues, ExpressionsHaveNoWayOut) {
  for (const char* function :
       {"open", "read", "write", "file", "exec", "system", "env", "getenv", "include", "import",
        "eval", "load", "fetch", "http", "getattr", "now", "random", "print", "input"}) {
    EXPECT_THAT(outcome_of(std::string(function) + "('/etc/passwd')"),
                HasSubstr("there is no function '" + std::string(function) + "'"));
  }
  for (const char* text : {"params.__class__.__mro__[1]()", "params['x'].y()", "(1).real()",
                           "lambda: 1", "x := 1", "params.x = 1", "[x for x in params.y]", "1; 2",
                           "`id`", "$(id)", "params.x | sh", "{{7*7}}", "#{7*7}", "@x"}) {
    ExpressionError error;
    const auto parsed = Expression::parse(text, &error);
    EXPECT_FALSE(parsed) << text;
  }
}

TEST(HostileValues, ExpressionsEndWithinTheirLimits) {
  EXPECT_THAT(outcome_of("range(1000000000)"), HasSubstr("too long"));
  EXPECT_THAT(outcome_of("len(range(0, 9000000000000000000))"), HasSubstr("too long"));
  std::string doubling = "'0123456789'";
  for (int i = 0; i < 40; ++i)
    doubling = "replace(" + doubling + ", '0', '0123456789012345678901234567890123456789')";
  EXPECT_THAT(outcome_of(doubling), HasSubstr("too long"));
  std::string joined = "'xxxxxxxxxx'";
  for (int i = 0; i < 30; ++i) joined = "join([" + joined + ", 'y'], 'zzzzzzzzzzzzzzzzzzzzzzzzz')";
  EXPECT_NE(outcome_of(joined), "");
  std::string zipped = "range(10000)";
  for (int i = 0; i < 30; ++i) zipped = "zip(" + zipped + ", range(10000))";
  EXPECT_NE(outcome_of(zipped), "");
  std::string sum = "1";
  for (int i = 0; i < 5'000; ++i) sum += "+1";
  EXPECT_THAT(outcome_of(sum), HasSubstr("too"));
  EXPECT_THAT(outcome_of(std::string(9'000, '[')), HasSubstr("too"));
  EXPECT_THAT(outcome_of("9223372036854775807 * 2"), HasSubstr("too large"));
}

TEST(HostileValues, AnyTextIsAnExpressionOrAnError) {
  static const char* kTokens[] = {"(",   ")",      "[",    "]",     ",",    "+",    "-",  "*",
                                  "/",   "//",     "%",    "?",     ":",    ".",    "1",  "0.5",
                                  "'x'", "params", "item", "range", "join", "and",  "or", "not",
                                  "in",  "==",     "<",    "null",  "len",  "\xff", "\"", "zip"};
  for (std::uint64_t round = 0; round < 5'000; ++round) {
    RandomStream random(kSeed, "expressions", {round});
    std::string text;
    const std::uint64_t tokens = random.below(25);
    for (std::uint64_t i = 0; i < tokens; ++i) {
      text += kTokens[random.below(std::size(kTokens))];
      if (random.below(2) == 0) text += " ";
    }
    EXPECT_NE(outcome_of(text), "") << "seed " << kSeed << ", round " << round << ": " << text;
  }
}

}  // namespace
}  // namespace cairn
