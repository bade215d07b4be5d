// The same with the training stages: tokenizer, supervised warm-up and reinforcement learning with
// LibTorch, at least three kills inside RL steps.
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

#include "plugins/lib/text/records.h"
#include "tests/e2e/kill_run.h"

namespace cairn::e2e {
namespace {

constexpr const char* kTraining = R"(cairn: 1
name: training
seed: 11
stages:
  documents: {uses: import, with: {path: documents.jsonl, kind: documents}}
  questions: {uses: import, with: {path: qa.jsonl, kind: qa}}
  tokenizer:
    uses: tokenizer
    inputs: {documents: documents.artifact, dataset: questions.artifact}
    with: {vocab_size: 300}
  warmup:
    uses: sft
    inputs: {tokenizer: tokenizer.tokenizer, dataset: questions.artifact}
    with: {hidden: 32, layers: 2, heads: 2, kv_heads: 1, head_dim: 16, intermediate: 64, steps: 150, batch: 8,
           checkpoint_every: 5}
  rl:
    uses: rl_stage
    inputs: {policy: warmup.model, dataset: questions.artifact}
    with: {steps: 80, batch: 8, group_size: 4, learning_rate: 1e-3, max_input_tokens: 400,
           max_output_tokens: 12, checkpoint_every: 2}
)";

// Records about colours, enough of each task for a batch.
void write_data(const Place& place) {
  const std::vector<std::string> colours{"red", "blue", "green", "grey", "black", "white"};
  std::string documents;
  std::string questions;
  for (int i = 0; i < 48; ++i) {
    const std::string number = std::to_string(i);
    const std::string colour = colours[static_cast<std::size_t>(i * 7 % 6)];
    text::Document document;
    document.id = "d" + number;
    document.title = "box" + number;
    document.text = "Box: box" + number + "\nColour: " + colour;
    document.domain = "general";
    document.package = "boxes";
    document.version = "1";
    text::QaRecord record;
    record.id = "q" + number;
    record.task = i % 2 == 0 ? "reading" : "dialogue";
    record.question_type = "lookup";
    record.domain = "general";
    record.question = "What is the colour of box" + number + "?";
    record.answer = {colour};
    record.format_instruction = "Say: The answer is X.";
    record.documents = {{document.id, document.title, document.text, true}};
    documents += json::serialize(text::to_json(document)) + "\n";
    questions += json::serialize(text::to_json(record)) + "\n";
  }
  place.write("documents.jsonl", documents);
  place.write("qa.jsonl", questions);
}

TEST(KillTraining, ModelAndRolloutsAreThoseOfARunLeftInPeace) {
  const Place peace;
  write_data(peace);
  const Finished alone =
      peace.run({"run", peace.write("training.yaml", kTraining).string(), "-q", "-o", "json"});
  ASSERT_EQ(alone.exit_code, 0) << alone.out << alone.err;
  const json::value undisturbed = json::parse(alone.out);

  const Place place;
  write_data(place);
  KillPlan plan;
  plan.seed = 3;
  plan.kills = 10;
  plan.inside = "rl";
  plan.kills_inside = 3;
  const KillStory story = run_with_kills(place, place.write("training.yaml", kTraining), plan);
  ASSERT_EQ(status_of(story.run), "succeeded") << story.last.out << story.last.err;
  EXPECT_GE(story.kills, 10);
  EXPECT_GE(story.inside, 3);
  EXPECT_EQ(digests(story.run), digests(undisturbed));
  EXPECT_EQ(ran_again(place), std::vector<std::string>{});
  const StepCount steps = steps_of(place, story.run, "rl");
  EXPECT_EQ(steps.distinct, 80);
  EXPECT_LE(steps.repeated(), story.kills * 2);
  EXPECT_LE(steps_of(place, story.run, "warmup").repeated(), story.kills * 5);
}

}  // namespace
}  // namespace cairn::e2e
