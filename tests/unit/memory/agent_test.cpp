#include "plugins/lib/memory/agent.h"

#include <gtest/gtest.h>

namespace cairn::memory {
namespace {

std::size_t characters(std::string_view text) {
  return text.size();
}

text::QaRecord record() {
  text::QaRecord record;
  record.question = "What is the section of pear?";
  record.answer = {"fruit", "fruits"};
  record.format_instruction = "Say: The answer is X.";
  record.documents = {{"1", "apple", "Name: apple\nSection: tree", false},
                      {"2", "pear", "Name: pear\nSection: fruit", true},
                      {"3", "plum", "Name: plum\nSection: stone", false}};
  return record;
}

TEST(MemoryAgent, ChunksKeepEveryDocumentInOrder) {
  for (const std::size_t budget : {1, 40, 90, 10000}) {
    std::vector<std::string> ids;
    for (const auto& chunk : chunks_of(record(), budget, characters)) {
      EXPECT_FALSE(chunk.empty());
      for (const auto& document : chunk) ids.push_back(document.id);
    }
    EXPECT_EQ(ids, (std::vector<std::string>{"1", "2", "3"}));
  }
  EXPECT_EQ(chunks_of(record(), 1, characters).size(), 3U);
  EXPECT_EQ(chunks_of(record(), 10000, characters).size(), 1U);
  EXPECT_EQ(chunks_of({}, 10, characters).size(), 1U);
}

TEST(MemoryAgent, FormatInstructionsAppearInTheLastTurnOnly) {
  const auto turns = demonstrate(record(), 1, characters);
  ASSERT_EQ(turns.size(), 4U);
  for (std::size_t i = 0; i < turns.size(); ++i) {
    EXPECT_EQ(turns[i].prompt.find("Say: The answer is X.") != std::string::npos, i == 3);
    EXPECT_NE(turns[i].prompt.find("What is the section of pear?"), std::string::npos);
  }
  EXPECT_EQ(turns[3].prompt.find("Section: stone"), std::string::npos);
  EXPECT_EQ(turns[3].response, "The answer is fruit");
}

TEST(MemoryAgent, DemonstrationsCarryTheEvidenceAndTheNextTurnSeesIt) {
  const auto turns = demonstrate(record(), 1, characters);
  EXPECT_EQ(parse_notes(turns[0].response), (Notes{"nothing yet", "search"}));
  EXPECT_EQ(parse_notes(turns[1].response), (Notes{"Name: pear\nSection: fruit", "answer"}));
  EXPECT_EQ(turns[2].response, turns[1].response);
  EXPECT_NE(turns[2].prompt.find(turns[1].response), std::string::npos);
}

TEST(MemoryAgent, NotesAreReadFromWhateverWasWritten) {
  const Notes notes{"a: b\nc", "look on"};
  EXPECT_EQ(parse_notes(render_notes(notes)), notes);
  EXPECT_EQ(parse_notes("just words"), (Notes{"just words", ""}));
  EXPECT_EQ(parse_notes("well. Memory: x"), (Notes{"x", ""}));
  EXPECT_EQ(parse_notes("Plan: go"), (Notes{"", "go"}));
  EXPECT_EQ(parse_notes(""), (Notes{"", ""}));
  EXPECT_EQ(parse_notes("Memory: Plan: Memory: "), (Notes{"", "Memory:"}));
}

}  // namespace
}  // namespace cairn::memory
