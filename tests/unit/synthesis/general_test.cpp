#include "plugins/synthesis/general.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "plugins/lib/grade/reward.h"
#include "plugins/lib/text/partition.h"
#include "plugins/synthesis/sample_documents.h"
#include "plugins/synthesis/solver.h"

namespace cairn::synthesis {
namespace {

GeneralOptions sample_options() {
  GeneralOptions options;
  options.wanted = {240, 90, 0.9};
  options.seed = 5;
  return options;
}

TEST(Solver, LooksUpTheLongestNameThatFits) {
  const std::string prompt =
      "[letter a]\nCharacter: letter a\nCategory: Lu\n"
      "[letter a with grave]\nCharacter: letter a with grave\nCategory: Ll\n";
  EXPECT_EQ(solve(prompt + "Q: What is the Category of letter a with grave?"), "Ll");
  EXPECT_EQ(solve(prompt + "Q: What is the Category of letter a?\nReply"), "Lu");
  EXPECT_FALSE(solve(prompt + "Q: What is the Category of letter b?"));
  EXPECT_FALSE(solve(prompt + "Q: What is the Length of letter a?"));
  EXPECT_EQ(solve(prompt + "Q: Tell the Category of letter a.\n(A) Nl\n(B) Lu"), "B");
  EXPECT_FALSE(solve(prompt + "Q: Tell the Category of letter a.\n(A) Nl\n(B) Ll"));
  EXPECT_FALSE(solve(""));
}

TEST(Solver, HearsWhoSaidIt) {
  const std::string prompt =
      "[Conversation]\nAna: The Section of zlib is libs.\nBen: The Section of zlib is admin.\n"
      "Ana: What is the Version of foo?\nCleo: It is 1.2.\nAna: The Version of bar is 3.\n";
  EXPECT_EQ(solve(prompt + "Q: What did Ana say the Section of zlib is?"), "libs");
  EXPECT_EQ(solve(prompt + "Q: According to Ben, what is the Section of zlib?"), "admin");
  EXPECT_EQ(solve(prompt + "Q: What did Cleo say the Version of foo is?"), "1.2");
  EXPECT_EQ(solve(prompt + "Q: What did Ana say the Version of bar is?"), "3");
  EXPECT_FALSE(solve(prompt + "Q: What did Dan say the Version of bar is?"));
}

TEST(Verifier, ComparesMeaningNotSpelling) {
  EXPECT_TRUE(same_answer("reading", "The Libs.", "libs"));
  EXPECT_FALSE(same_answer("reading", "libs extra", "libs")) << "containment is not enough";
  EXPECT_TRUE(same_answer("reading", "1,000", "1000"));
  EXPECT_FALSE(same_answer("reading", "00E1", "00E2")) << "codes are no numbers";
  EXPECT_FALSE(same_answer("reading", "", ""));
  EXPECT_TRUE(same_answer("multiple_choice", "(B)", "B"));
  EXPECT_FALSE(same_answer("multiple_choice", "C", "B"));
}

TEST(General, EveryPlantedWrongPairIsRejected) {
  auto options = sample_options();
  options.planted_wrong = 0.5;
  const auto made = make_general(sample_documents(), options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  const Audit& audit = made->audit;
  EXPECT_GT(audit.counted("planted"), 200);
  EXPECT_EQ(audit.counted("planted_rejected"), audit.counted("planted"));
  EXPECT_EQ(audit.counted("accepted"), 330);

  options.planted_wrong = 1;
  EXPECT_FALSE(make_general(sample_documents(), options).ok()) << "nothing is left to keep";
}

TEST(General, TasksShareTheItemsAndEveryAnswerIsInItsContext) {
  const auto made = make_general(sample_documents(), sample_options());
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  std::map<std::string, int> tasks;
  std::set<std::string> letters;
  int with_two_values = 0;
  for (const auto& item : made->records) {
    ++tasks[item.task];
    EXPECT_EQ(
        grade::rule_reward("The answer is " + item.answer.front(), {item.task, item.answer}, false),
        1.0)
        << item.id;
    std::string answer = item.answer.front();
    if (item.task == "multiple_choice") {
      letters.insert(answer);
      ASSERT_EQ(item.choices.size(), 4U);
      answer = item.choices[static_cast<std::size_t>(answer.front() - 'A')];
      const std::string context = text::render_documents(item);
      with_two_values += std::ranges::count_if(item.choices, [&](const auto& choice) {
                           return context.find(": " + choice + "\n") != std::string::npos;
                         }) > 1;
    }
    int places = 0;
    for (const auto& document : item.documents) {
      EXPECT_EQ(text::held_out(document.id), held_out(item)) << item.id;
      if (document.evidence) places += document.text.find(answer) != std::string::npos ? 1 : 0;
    }
    EXPECT_EQ(places, 1) << item.id;
  }
  EXPECT_EQ(tasks["reading"], 110);
  EXPECT_EQ(tasks["dialogue"], 110);
  EXPECT_EQ(tasks["multiple_choice"], 110);
  EXPECT_EQ(letters.size(), 4U);
  EXPECT_GT(with_two_values, 30) << "the answer must not be the only choice in the context";
}

// Rounds of a cluster: contexts grow, and no pair of subject and relation comes back.
TEST(General, QuestionsGetHarderWithTheHistory) {
  auto options = sample_options();
  options.planted_wrong = 0;
  options.tasks = {"reading"};
  const auto made = make_general(sample_documents(), options);
  ASSERT_TRUE(made.ok()) << made.error().to_string();
  std::map<std::int64_t, std::pair<double, int>> size_by_round;
  for (const auto& item : made->records) {
    auto& [sum, count] = size_by_round[item.provenance.at("round").to_number<std::int64_t>()];
    sum += static_cast<double>(item.documents.size());
    ++count;
  }
  ASSERT_EQ(size_by_round.size(), 4U);
  double before = 0;
  for (const auto& [round, size] : size_by_round) {
    EXPECT_GT(size.first / size.second, before) << "round " << round;
    before = size.first / size.second;
  }
}

}  // namespace
}  // namespace cairn::synthesis
