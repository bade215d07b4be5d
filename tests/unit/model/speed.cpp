// Prints tokens per second of the demo's model shape: training, scoring, generation, and one RL
// step's generation and update. Not a test; `model_speed [THREADS]`.
#include <chrono>
#include <cstdio>
#include <cstdlib>

#include "core/base/random.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/optimizer.h"

namespace cairn::model {
namespace {

double seconds(const std::function<void()>& work) {
  work();  // the first call allocates
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const auto start = std::chrono::steady_clock::now();
    work();
    best = std::min(
        best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

std::vector<std::int64_t> some_tokens(std::uint64_t key, std::int64_t count, std::int64_t vocab) {
  RandomStream random(1, "speed", {key});
  std::vector<std::int64_t> tokens;
  for (std::int64_t i = 0; i < count; ++i) {
    tokens.push_back(static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(vocab))));
  }
  return tokens;
}

void measure(int threads) {
  fix_threads(threads);
  ModelConfig config;
  config.vocab_size = 1500;
  config.hidden_size = 192;
  config.layers = 4;
  config.heads = 6;
  config.kv_heads = 2;
  config.head_dim = 32;
  config.intermediate_size = 512;
  CausalLm model = CausalLm::init(config, 1).value();
  std::vector<SampleGroup> prompts;
  std::vector<TokenGroup> groups;
  std::int64_t prompt_tokens = 0, response_tokens = 0;
  for (std::uint64_t g = 0; g < 16; ++g) {
    SampleGroup prompt{some_tokens(g, 100 + static_cast<std::int64_t>(g) * 20, 1500), {}};
    TokenGroup group{prompt.prompt, {}};
    for (std::uint64_t i = 0; i < 8; ++i) {
      prompt.seeds.push_back(g * 8 + i);
      group.responses.push_back(some_tokens(100 + g * 8 + i, 15, 1500));
      response_tokens += 15;
    }
    prompt_tokens += static_cast<std::int64_t>(prompt.prompt.size());
    prompts.push_back(prompt);
    groups.push_back(group);
  }
  SamplingOptions options;
  options.temperature = 0.7;
  options.top_p = 0.95;
  options.max_new_tokens = 15;
  const double generating = seconds([&] { (void)generate(model, prompts, options); });
  std::vector<SampleGroup> single = prompts;
  options.max_new_tokens = 1;
  const double prefill = seconds([&] { (void)generate(model, single, options); });
  const PackedBatch batch = pack_groups(groups);
  const double scoring = seconds([&] {
    at::NoGradGuard no_grad;
    (void)model.score(batch, {.temperature = 0.7}).value();
  });
  model.require_grad(true);
  AdamW optimizer({});
  const auto update = [&](std::size_t groups_at_once) {
    return seconds([&] {
      model.zero_grad();
      for (std::size_t i = 0; i < groups.size(); i += groups_at_once) {
        const std::vector<TokenGroup> part(
            groups.begin() + static_cast<std::ptrdiff_t>(i),
            groups.begin() + static_cast<std::ptrdiff_t>(i + groups_at_once));
        model.score(pack_groups(part), {.temperature = 0.7}).value().logprob.sum().backward();
      }
      clip_grad_norm(model, 1.0);
      optimizer.step(model, 1e-6);
    });
  };
  std::vector<TokenSequence> rows;
  for (const TokenGroup& group : groups) rows.push_back({group.prompt, 1});
  const double sft = seconds([&] {
    model.zero_grad();
    model.score(pack_sequences(rows)).value().logprob.sum().backward();
  });
  const double tokens = static_cast<double>(batch.rows());
  std::printf("%d threads: prefill %.0f tokens/s; generate 128 x 15 in %.3f s (%.0f tokens/s)\n",
              threads, static_cast<double>(prompt_tokens) / prefill, generating,
              static_cast<double>(response_tokens) / generating);
  std::printf("  score %.0f tokens/s; forward+backward of all tokens %.0f tokens/s\n",
              tokens / scoring, static_cast<double>(prompt_tokens) / sft);
  for (const std::size_t at_once : {2, 4, 8, 16}) {
    const double updating = update(at_once);
    std::printf("  RL update, %zu groups at once: %.3f s (%.0f rows/s); whole step %.3f s\n",
                at_once, updating, tokens / updating, updating + generating);
  }
}

}  // namespace
}  // namespace cairn::model

int main(int argc, char** argv) {
  cairn::model::measure(argc > 1 ? std::atoi(argv[1]) : 2);
}
