// Memory-RL: group rollouts of a memory agent that reads in chunks. The reward of the final answer
// is every turn's; each turn is a conversation of its own (RECIPE §4).
#include "core/sdk/plugin.h"
#include "plugins/lib/memory/agent.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/self_test/policy.h"
#include "plugins/lib/trainer/dataset.h"
#include "plugins/lib/trainer/trainer.h"

namespace cairn {
namespace {

using trainer::Trajectory;

struct MemoryLimits {
  std::int64_t chunk_tokens = 0;
  std::int64_t memory_tokens = 0;
};

class MemoryAgent final : public trainer::RolloutSource {
 public:
  MemoryAgent(const StageContext& ctx, const trainer::Dataset& dataset,
              const model::Tokenizer& tokenizer, const trainer::RlOptions& options,
              const MemoryLimits& limits)
      : ctx_(ctx),
        dataset_(dataset),
        tokenizer_(tokenizer),
        options_(options),
        limits_(limits),
        sampling_(trainer::sampling_of(options, tokenizer)) {}

  // Turn by turn for the whole batch. A trajectory with fewer chunks than others waits for the last
  // turn, which all of them take together.
  Result<std::vector<std::vector<Trajectory>>> roll(
      const model::CausalLm& policy, std::int64_t step,
      const std::vector<std::size_t>& samples) override {
    std::vector<Reader> readers;
    std::size_t longest = 0;
    for (std::size_t sample : samples) {
      const auto& record = dataset_.items[sample].record;
      const auto chunks = memory::chunks_of(
          record, static_cast<std::size_t>(limits_.chunk_tokens),
          [&](std::string_view text) { return tokenizer_.encode(std::string(text)).size(); });
      longest = std::max(longest, chunks.size());
      for (std::size_t g = 0; g < options_.group_size; ++g)
        readers.push_back({&record, sample, g, chunks, memory::nothing_yet(), {}});
    }
    for (std::size_t turn = 0; turn < longest; ++turn)
      CAIRN_TRY(read_chunk(policy, step, turn, readers));
    CAIRN_TRY(answer(policy, step, readers));

    std::vector<std::vector<Trajectory>> rollouts(samples.size());
    for (std::size_t i = 0; i < readers.size(); ++i)
      rollouts[i / options_.group_size].push_back(std::move(readers[i].trajectory));
    return rollouts;
  }

 private:
  struct Reader {
    const text::QaRecord* record;
    std::size_t sample;
    std::size_t index;  // in its group
    std::vector<std::vector<text::ContextDocument>> chunks;
    memory::Notes notes;
    Trajectory trajectory;
  };

  Result<void> read_chunk(const model::CausalLm& policy, std::int64_t step, std::size_t turn,
                          std::vector<Reader>& readers) {
    std::vector<Reader*> active;
    std::vector<std::string> prompts;
    for (auto& reader : readers) {
      if (turn >= reader.chunks.size()) continue;
      active.push_back(&reader);
      prompts.push_back(memory::chunk_prompt(*reader.record, reader.chunks[turn], reader.notes));
    }
    // What the notes need beside the memory: "Memory: ", "Plan: …" and the end token.
    constexpr std::int64_t kFrame = 16;
    CAIRN_ASSIGN(const auto texts,
                 take_turn(policy, step, turn, limits_.memory_tokens + kFrame, active, prompts));
    for (std::size_t i = 0; i < active.size(); ++i) {
      memory::Notes notes = memory::parse_notes(texts[i]);
      auto ids = tokenizer_.encode(notes.memory);
      const bool over = static_cast<std::int64_t>(ids.size()) > limits_.memory_tokens;
      if (over) {
        ids.resize(static_cast<std::size_t>(limits_.memory_tokens));
        notes.memory = tokenizer_.decode(ids, true);
      }
      trainer::Reading reading;
      for (const auto& document : active[i]->chunks[turn]) reading.documents.push_back(document.id);
      reading.given_memory = active[i]->notes.memory;
      reading.given_plan = active[i]->notes.plan;
      reading.memory = notes.memory;
      reading.plan = notes.plan;
      reading.memory_cut = over;
      active[i]->trajectory.turns.back().reading = std::move(reading);
      active[i]->notes = std::move(notes);
    }
    return {};
  }

  Result<void> answer(const model::CausalLm& policy, std::int64_t step,
                      std::vector<Reader>& readers) {
    std::vector<Reader*> all;
    std::vector<std::string> prompts;
    for (auto& reader : readers) {
      all.push_back(&reader);
      prompts.push_back(memory::answer_prompt(*reader.record, reader.notes));
    }
    constexpr std::size_t kAnswerTurn = ~std::size_t{0};
    CAIRN_ASSIGN(const auto texts,
                 take_turn(policy, step, kAnswerTurn, options_.max_output_tokens, all, prompts));
    for (std::size_t i = 0; i < all.size(); ++i) all[i]->trajectory.response = texts[i];
    return {};
  }

  // Appends a turn to every reader's trajectory and returns the texts.
  Result<std::vector<std::string>> take_turn(const model::CausalLm& policy, std::int64_t step,
                                             std::size_t turn, std::int64_t limit,
                                             const std::vector<Reader*>& readers,
                                             const std::vector<std::string>& prompts) {
    std::vector<model::SampleGroup> groups;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      auto& group = groups.emplace_back();
      CAIRN_ASSIGN(group.prompt, tokenizer_.encode_prompt(prompts[i]));
      group.seeds = {derive_seed(
          ctx_.seed(), "memory",
          {static_cast<std::uint64_t>(step), readers[i]->sample, readers[i]->index, turn})};
    }
    model::SamplingOptions sampling = sampling_;
    sampling.max_new_tokens = limit;
    CAIRN_ASSIGN(auto generated, model::generate(policy, groups, sampling));
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < readers.size(); ++i) {
      auto& completion = generated.completions[i].front();
      auto& trajectory = readers[i]->trajectory;
      texts.push_back(tokenizer_.decode(completion.ids, true));
      if (completion.finish == model::FinishReason::kLength) trajectory.overlong = true;
      trajectory.turns.push_back(
          trainer::turn_of(std::move(groups[i].prompt), std::move(completion)));
    }
    return texts;
  }

  const StageContext& ctx_;
  const trainer::Dataset& dataset_;
  const model::Tokenizer& tokenizer_;
  const trainer::RlOptions& options_;
  MemoryLimits limits_;
  model::SamplingOptions sampling_;
};

struct MemoryRl : trainer::PolicyStage {
  Param<Tokens> chunk_tokens{this, "chunk_tokens", Tokens{8192},
                             "Documents read per turn; a longer document is read alone",
                             AtLeast{1}};
  Param<Tokens> memory_tokens{this, "memory_tokens", Tokens{1024},
                              "The memory is cut to this after each turn", AtLeast{1}};

  [[nodiscard]] std::unique_ptr<trainer::RolloutSource> source(
      const StageContext& ctx, const trainer::Dataset& data, const model::Tokenizer& tokenizer,
      const trainer::RlOptions& options) const override {
    const MemoryLimits limits{chunk_tokens->count, memory_tokens->count};
    return std::make_unique<MemoryAgent>(ctx, data, tokenizer, options, limits);
  }
};

}  // namespace
}  // namespace cairn

CAIRN_PLUGIN(cairn::stage_type<cairn::MemoryRl>(
                 "memory_rl", "Reinforcement learning of a memory agent that reads in chunks")
                 .revision(2)
                 .random()
                 .self_test([](cairn::SelfTest& test) -> cairn::Result<void> {
                   CAIRN_TRY(cairn::self_test::prepare_rl(test));
                   test.param("chunk_tokens", 8).param("memory_tokens", 10);
                   return {};
                 }))
