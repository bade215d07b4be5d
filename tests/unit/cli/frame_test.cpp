// The command line as a script sees it: exit codes, what goes to which stream.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include "core/cli/cli.h"
#include "core/cli/output.h"

namespace cairn {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Outcome {
  int code;
  std::string out;
  std::string err;
};

Outcome run(const std::vector<std::string>& arguments,
            const std::map<std::string, std::string>& variables = {}) {
  Environment environment;
  environment.program = "/nowhere/bin/cairn";
  environment.variable = [&](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    return found == variables.end() ? std::nullopt : std::optional(found->second);
  };
  std::ostringstream out;
  std::ostringstream err;
  const ExitCode code = run_cli(arguments, environment, out, err);
  return {static_cast<int>(code), out.str(), err.str()};
}

class Frame : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = make_private_folder(fs::temp_directory_path(), "cairn-cli-");
    ASSERT_TRUE(folder.ok());
    folder_ = *folder;
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return (folder_ / name).string();
  }
  fs::path folder_;
};

TEST_F(Frame, UsageErrorsExitWithTwoAndSuggest) {
  EXPECT_EQ(run({}).code, 2);
  const Outcome command = run({"validat", "x"});
  EXPECT_EQ(command.code, 2);
  EXPECT_THAT(command.err, HasSubstr("did you mean 'validate'?"));
  EXPECT_THAT(command.out, IsEmpty());
  EXPECT_THAT(run({"validate", "x", "--plugin-dri=y"}).err, HasSubstr("'--plugin-dir'"));
  EXPECT_THAT(run({"validate", "x", "-o", "xml"}).err, HasSubstr("table, json, name"));
  EXPECT_EQ(run({"validate"}).code, 2);
  EXPECT_EQ(run({"validate", "x", "--seed", "many"}).code, 2);
  EXPECT_EQ(run({"--help"}).code, 0);
}

TEST_F(Frame, MissingAndInvalidFilesAreToldApart) {
  const Outcome missing = run({"validate", (folder_ / "none.yaml").string()});
  EXPECT_EQ(missing.code, 4);
  EXPECT_THAT(missing.out, IsEmpty());
  EXPECT_EQ(run({"validate", folder_.string()}).code, 3);
  EXPECT_EQ(run({"plan", write("empty.yaml", "")}).code, 3);
  const Outcome params = run({"validate", write("w.yaml", "cairn: 1\nstages: {a: {uses: x}}\n"),
                              "--params", (folder_ / "none.yaml").string()});
  EXPECT_EQ(params.code, 4);
}

TEST_F(Frame, DiagnosticsGoToStderrAndAsJsonToStdout) {
  const std::string file = write("w.yaml", "cairn: 1\nstages: {a: {uses: x}}\n");
  const Outcome people = run({"validate", file});
  EXPECT_EQ(people.code, 3);
  EXPECT_THAT(people.out, IsEmpty());
  EXPECT_THAT(people.err, HasSubstr(file + ":2:20: error: there is no stage type 'x'"));
  const Outcome program = run({"-o", "json", "validate", file});
  EXPECT_EQ(program.code, 3);
  auto document = parse_json_object(program.out);
  ASSERT_TRUE(document.ok());
  EXPECT_EQ(document->at("valid"), json::value(false));
  const auto& first = document->at("diagnostics").at(0).as_object();
  for (const char* key : {"severity", "code", "message", "file", "line", "column", "hint"})
    EXPECT_TRUE(first.contains(key)) << key;
}

TEST_F(Frame, UnknownStageTypesAreNotFound) {
  EXPECT_EQ(run({"plugins", "describe", "nobody"}).code, 4);
  EXPECT_EQ(run({"schema", "nobody"}).code, 4);
  EXPECT_EQ(run({"schema", "workflow"}).code, 0);
}

TEST(Table, AlignsByCodePointsAndEscapes) {
  Table table({{"NAME"}, {"N", Table::Align::kRight}, {"LAST"}});
  table.add_row({"größe", "7", "a\nb"});
  table.add_row({"x", "12", "\x1b[31m"});
  std::ostringstream out;
  table.print(out);
  EXPECT_EQ(out.str(),
            "NAME    N  LAST\n"
            "größe   7  a b\n"
            "x      12  \\x1b[31m\n");
}

}  // namespace
}  // namespace cairn
