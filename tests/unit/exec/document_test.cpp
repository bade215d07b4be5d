// docs/exec.md says what is so: its programs run, its messages are messages.
#include <gmock/gmock.h>

#include <boost/json/parse.hpp>
#include <set>

#include "plugins/exec/protocol.h"
#include "tests/unit/exec/exec_document.h"
#include "tests/unit/exec/exec_fixture.h"

namespace cairn::testing {
namespace {

class ExecDocument : public ExecFixture {
 protected:
  // Runs a program of the document as its workflow does.
  void use(const std::string& name) {
    const std::string script = file_of_document(name);
    ASSERT_NE(script, "") << "docs/exec.md has no block that begins with # " << name;
    std::string rows;
    for (int row = 1; row <= 200; ++row) rows += std::to_string(row) + "\n";
    python(script);
    harness_.input("rows", file("rows", rows)).param("params", json::object{{"every", 50}});
    output("sum");
  }
};

class ExecDocumentProgram : public ExecDocument,
                            public ::testing::WithParamInterface<std::string> {};

TEST_P(ExecDocumentProgram, Resumes) {
  use(GetParam());
  EXPECT_EQ(harness_.check_resume(), "");
  EXPECT_EQ(read("sum"), "20100\n");
}

TEST_P(ExecDocumentProgram, SavesWhenItIsCancelled) {
  use(GetParam());
  const auto run = harness_.stop_at_checkpoint(0).run();
  ASSERT_TRUE(run.failure);
  EXPECT_EQ(run.failure->cause, "cancelled");
  EXPECT_THAT(run.checkpoints, ::testing::ElementsAre(50));
}

INSTANTIATE_TEST_SUITE_P(Exec, ExecDocumentProgram, ::testing::Values("plain.py", "module.py"),
                         [](const auto& info) {
                           return info.param.substr(0, info.param.find('.'));
                         });

// What the engine says has the members that the document shows, and no others.
std::set<std::string> members(const json::value& message) {
  std::set<std::string> names;
  for (const auto& member : message.as_object()) names.emplace(member.key());
  return names;
}

TEST_F(ExecDocument, EveryLineOfItsConversationsIsOfTheProtocol) {
  exec::Start start;
  start.checkpoint.emplace();
  const std::map<std::string, json::value> from_engine{
      {"start", json::parse(exec::start_line(start))},
      {"saved", json::parse(exec::saved_line(1))},
      {"memo", json::parse(exec::memo_line("k", json::value(1)))},
      {"cancel", json::parse(exec::cancel_line())}};
  std::set<std::string> said;
  for (const auto& block : blocks_of_document()) {
    if (block.language != "jsonl") continue;
    for (const auto line : split(trim(block.text), '\n')) {
      ASSERT_GT(line.size(), 2U);
      const auto message = line.substr(2);
      const json::value value = json::parse(message);
      const std::string type(value.as_object().at("type").as_string());
      said.insert(std::string(line.substr(0, 2)) + type);
      if (line.starts_with("< ")) {
        const auto parsed = exec::parse_message(message);
        EXPECT_TRUE(parsed.ok()) << line << ": " << parsed.error().message;
      } else {
        ASSERT_TRUE(from_engine.contains(type)) << line;
        EXPECT_EQ(members(value), members(from_engine.at(type))) << line;
      }
    }
  }
  const std::set<std::string> all{"> start",  "> saved", "> memo",       "> cancel", "< progress",
                                  "< metric", "< log",   "< checkpoint", "< memo",   "< error"};
  EXPECT_EQ(said, all);
}

TEST_F(ExecDocument, ItsTablesNameEveryMemberOfTheStart) {
  const std::string text =
      real_file_system().read(fs::path(CAIRN_SOURCE_DIR) / "docs/exec.md").value();
  exec::Start start;
  std::set<std::string> names = members(json::parse(exec::start_line(start)));
  names.erase("type");
  for (const auto& param :
       stage_of(CAIRN_BINARY_DIR "/plugins/exec.so", "exec").declaration().params)
    names.insert(param.name);
  for (const auto& name : names) EXPECT_NE(text.find("\n| `" + name + "` |"), text.npos) << name;
}

}  // namespace
}  // namespace cairn::testing
