#include "core/workflow/shell_text.h"

#include <gtest/gtest.h>

#include "tests/unit/workflow/sample_registry.h"

namespace cairn {
namespace {

// The quoting at the '@' of a script.
std::string at(const std::string& script) {
  const char* quoting = shell_quoting(script, script.find('@'));
  return quoting == nullptr ? "" : quoting;
}

TEST(ShellQuoting, FollowsTheShell) {
  EXPECT_EQ(at("echo @"), "");
  EXPECT_EQ(at("echo \"it's @\""), "");
  EXPECT_EQ(at("echo '@'"), "inside single quotes");
  EXPECT_EQ(at("echo 'a' @"), "");
  EXPECT_EQ(at("echo \\'@"), "");
  EXPECT_EQ(at("echo \\@"), "after a backslash");
  EXPECT_EQ(at("# don't\necho @"), "");
  EXPECT_EQ(at("echo a#'@'"), "inside single quotes");
  EXPECT_EQ(at("echo \"$(echo '@')\""), "inside single quotes");
  EXPECT_EQ(at("echo \"$(echo 'a') @\""), "");
  EXPECT_EQ(at("cat <<'E'\n@\nE\n"), "in a here-document with a quoted delimiter");
  EXPECT_EQ(at("cat <<E\nit's @\nE\n"), "");
  EXPECT_EQ(at("cat <<E\nit's\nE\necho '@'"), "inside single quotes");
  EXPECT_EQ(at("cat <<-'E'\n\tx\n\tE\necho @"), "");
}

TEST(ShellText, ValuesTravelAsVariables) {
  const auto checked = testing::check_text(R"(cairn: 1
params:
  name: {type: string, default: "a b; rm -rf '$HOME'"}
stages:
  s:
    uses: shell
    with:
      env: {LANG: C}
      run: echo "${params.name}" ${1 + 1} "${params.name}" $${HOME}
)");
  ASSERT_TRUE(checked.spec) << checked.diagnostics.to_text();
  const auto& params = checked.spec->stages[0].params;
  EXPECT_EQ(params.at("run").as_string(),
            "echo \"${CAIRN_VALUE_PARAMS_NAME}\" ${CAIRN_VALUE_1_1} \"${CAIRN_VALUE_PARAMS_NAME}\" "
            "${HOME}");
  EXPECT_EQ(params.at("env"), (json::value{{"CAIRN_VALUE_PARAMS_NAME", "a b; rm -rf '$HOME'"},
                                           {"CAIRN_VALUE_1_1", "2"},
                                           {"LANG", "C"}}));
}

}  // namespace
}  // namespace cairn
