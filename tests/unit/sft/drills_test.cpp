#include "plugins/sft/drills.h"

#include <gtest/gtest.h>

#include <set>

#include "plugins/lib/text/records.h"

namespace cairn::sft {
namespace {

text::QaRecord record_of(std::vector<text::ContextDocument> documents) {
  text::QaRecord record;
  record.task = "reading";
  record.question = "What is the Code of Suriname?";
  record.answer = {"SR"};
  record.documents = std::move(documents);
  return record;
}

const text::ContextDocument kSuriname{"s", "Suriname", "Country: Suriname\nCode: SR\nNumeric: 740",
                                      true};
const text::ContextDocument kTalk{"t", "Conversation", "Ana: It is SR.\nAna: It is 740.", false};
const text::ContextDocument kTable{"u", "rows", "YEAR | OCT\n1960 | 20.27", false};

TEST(Drills, ComeFromDocumentsThatAreFieldsThroughout) {
  const auto sheets = sheets_of(record_of({kTalk, kSuriname, kTable}));
  ASSERT_EQ(sheets.size(), 1u);
  EXPECT_EQ(sheets[0].subject, "Suriname");
  ASSERT_EQ(sheets[0].fields.size(), 3u);
  EXPECT_EQ(sheets[0].fields[2].key, "Numeric");
  EXPECT_EQ(sheets[0].fields[2].value, "740");
}

TEST(Drills, SubstitutionKeepsKeysAndChangesSubjectsWithTheirLine) {
  RandomStream draw(7, "substituted");
  const auto sheets = substituted(sheets_of(record_of({kSuriname})), draw);
  ASSERT_EQ(sheets.size(), 1u);
  EXPECT_NE(sheets[0].subject, "Suriname");
  EXPECT_EQ(sheets[0].fields[0].key, "Country");
  EXPECT_EQ(sheets[0].fields[0].value, sheets[0].subject);
  EXPECT_EQ(sheets[0].fields[1].key, "Code");
  EXPECT_FALSE(sheets[0].fields[1].value.empty());
}

model::Tokenizer small_tokenizer() {
  const std::vector<std::string_view> texts{"What is the Code of Suriname? The answer is SR"};
  return model::Tokenizer::from_json(model::train_tokenizer(texts, 300).value()).value();
}

TEST(Drills, AreTurnsWhoseAnswersAloneCount) {
  const auto tokenizer = small_tokenizer();
  const std::vector records{record_of({kSuriname})};
  auto set = make_examples(records, tokenizer, 1000, 0, RandomStream(1, "heldout")).value();
  EXPECT_EQ(add_drills(records, tokenizer, 5, RandomStream(1, "drills"), set).value(), 2);
  const Example& example = set.training.at(0);
  ASSERT_EQ(example.tokens.size(), example.is_answer.size());
  std::vector<std::int64_t> answers, questions;
  for (std::size_t i = 0; i < example.tokens.size(); ++i) {
    (example.is_answer[i] ? answers : questions).push_back(example.tokens[i]);
  }
  const std::string said = tokenizer.decode(answers);
  EXPECT_TRUE(said.starts_with("The answer is SR<|im_end|>The answer is ")) << said;
  EXPECT_NE(said.find("The answer is 740<|im_end|>"), std::string::npos) << said;
  EXPECT_NE(tokenizer.decode(questions).find("What is the Numeric of Suriname?<|im_end|>\n"
                                             "<|im_start|>assistant\n"),
            std::string::npos);
  EXPECT_EQ(answer_tokens({&example}), static_cast<std::int64_t>(answers.size()));
}

TEST(Drills, SubstitutedExamplesLeaveOutWhatIsHeldOut) {
  const auto tokenizer = small_tokenizer();
  const std::vector records{record_of({kSuriname}), record_of({kSuriname})};
  auto set = make_examples(records, tokenizer, 1000, 0.5, RandomStream(1, "heldout")).value();
  ASSERT_EQ(set.heldout.size(), 1u);
  EXPECT_EQ(add_substituted(records, tokenizer, 1.0, 3, 1000, RandomStream(1, "s"), set).value(),
            1);
  const Example& added = set.training.back();
  EXPECT_NE(added.record, set.heldout[0].record);
  const std::string said = tokenizer.decode(added.tokens);
  EXPECT_EQ(said.find("SR"), std::string::npos) << said;
  EXPECT_NE(said.find("What is known of "), std::string::npos) << said;
  EXPECT_EQ(add_substituted(records, tokenizer, 1.0, 3, 5, RandomStream(1, "s"), set).value(), 0);
}

TEST(Drills, RepeatsAnswerWithWhatWasAsked) {
  const auto tokenizer = small_tokenizer();
  ExampleSet set;
  ASSERT_TRUE(add_repeats(tokenizer, 20, RandomStream(3, "repeats"), set).ok());
  ASSERT_EQ(set.training.size(), 20u);
  std::set<std::string> different;
  for (const Example& example : set.training) {
    const std::string chat = tokenizer.decode(example.tokens);
    const std::size_t begin = chat.find("user\n") + 5, end = chat.find("<|im_end|>");
    const std::string asked = chat.substr(begin, end - begin);
    EXPECT_NE(chat.find("assistant\n" + asked + "<|im_end|>"), std::string::npos) << chat;
    different.insert(asked);
  }
  EXPECT_EQ(different.size(), 20u);
}

}  // namespace
}  // namespace cairn::sft
