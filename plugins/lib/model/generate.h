// Generation: one engine for rollouts, evaluation, synthesis and servers.
//
// What is generated is a pure function of (weights, requests in their order, options): never of
// threads or time. A sample's draws come from its own keyed stream, so that what else is in the
// batch changes its log-probabilities by rounding alone (within 1e-4 in float32; not at all with
// batch_invariant).
//
// The rules, all of them:
// 1. Requests wait in the order of submission, their samples in the order of seeds. Before each
//    step, samples are admitted from the front while fewer than max_batch_samples are alive and the
//    cache has room; none overtakes another.
// 2. Room: a sample is admitted when every block of the key-value cache that it can ever need is
//    free, and these are set aside until it ends. So nothing admitted is ever stopped or computed
//    again for want of memory. With blocks of B = kBlockTokens positions, a prompt of P tokens
//    needs ceil(P / B), less those found (rule 4), while its samples wait or start; each sample
//    that may draw more than one token needs ceil((P + max_new_tokens - 1) / B) - floor(P / B) of
//    its own.
// 3. A step computes one row for each sample that has drawn a token, in the order of admission, and
//    then the next rows of admitted prompts, in the order of admission, at most prefill_rows of
//    them. Then each of those samples draws a token, and so do the samples of prompts that became
//    complete.
// 4. A prompt is computed and stored once for all samples of its request. Its full blocks are
//    shared with any other prompt that begins with the same tokens while that one's blocks are in
//    use: found by content, counted by reference, freed when nobody holds them. The last token of a
//    prompt is always computed. A sample writes its tokens behind a copy of the prompt's last,
//    partly filled block.
// 5. Token i of a sample draws u = RandomStream(seed, "token", {i}).uniform() and picks by
//    SamplingRule (sampling.h).
// 6. A sample ends at a stop id (which is the last of its ids), a stop string, max_new_tokens, or
//    the model's window (prompt and all tokens but the last one fill it).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/sampling.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {

struct SamplingOptions : SamplingRule {
  std::int64_t max_new_tokens = 32;
  std::vector<std::int64_t> stop_ids;
  // Looked for in the text of the generated tokens, special tokens left out; they may begin and end
  // inside tokens. The text ends before the stop string, the ids stay as generated. Needs
  // EngineOptions::tokenizer.
  std::vector<std::string> stop_strings;
};

struct Request {
  std::vector<std::int64_t> prompt;  // at least one token
  // One sample each. derive_seed(stage seed, "sample", {step, sample}) is the usual value.
  std::vector<std::uint64_t> seeds;
  SamplingOptions sampling;
};

enum class FinishReason { kStop, kLength, kCancelled };

struct Completion {
  std::vector<std::int64_t> ids;  // the stop token included when it ended there
  // Per token, of softmax(logits / temperature) before top-k, top-p and min-p; greedy: of
  // temperature 1.
  std::vector<float> logprobs;
  std::vector<float> entropies;  // nats
  std::string text;              // of the ids without special tokens; empty without a tokenizer
  FinishReason finish = FinishReason::kLength;
};

using RequestId = std::size_t;  // 0, 1, ... in the order of submission

// One token as it is drawn.
struct TokenEvent {
  RequestId request = 0;
  std::size_t sample = 0;
  std::size_t index = 0;  // of the token in its sample
  std::int64_t id = 0;
  float logprob = 0;
  // Text that became certain with it: whole characters that belong to no stop string. The pieces
  // joined are Completion::text.
  std::string text;
  bool last = false;  // the sample ended with this token
};

struct EngineOptions {
  // For keys and values; a block of the cache takes 2 * layers * kv_heads * head_dim * kBlockTokens
  // numbers. Memory is taken as it is used.
  std::int64_t kv_budget_bytes = std::int64_t{4} << 30;
  std::int64_t max_batch_samples = 512;  // samples alive at once
  std::int64_t prefill_rows = 512;       // prompt tokens of one step
  // Bitwise the same results in any batch, with any budget: float32 on the CPU only.
  bool batch_invariant = false;
  // For texts and stop strings; outlives the engine.
  const Tokenizer* tokenizer = nullptr;
  // Called for each token, in the order of the batch, on the thread that steps.
  std::function<void(const TokenEvent&)> on_token;
  // Asked before each step; true ends generation with kCancelled.
  std::function<bool()> cancelled;
};

// Tokens that went through the model, and that did not have to.
struct TokenCounts {
  std::int64_t prompt_tokens = 0;     // computed
  std::int64_t shared_tokens = 0;     // of prompts: found in the cache
  std::int64_t generated_tokens = 0;  // computed; a sample's last token never is
};

// Runs requests that come at any time (a server) or all at once (generate, below). One thread calls
// it. The model outlives it; its weights must not change while a request is being generated.
class Engine {
 public:
  // Errors: options that make no sense.
  [[nodiscard]] static Result<Engine> create(const CausalLm& model, EngineOptions options);
  Engine(Engine&&) noexcept;
  Engine& operator=(Engine&&) noexcept;
  ~Engine();

  // Errors, none of which harms other requests: an empty prompt, ids outside the vocabulary, a
  // prompt longer than the model's window, sampling options out of range, and (kResourceExhausted)
  // a request of which not even one sample fits the budget.
  [[nodiscard]] Result<RequestId> submit(Request request);
  // Admits, computes one step, draws. False when nothing is left to do. After an error (cancelled,
  // out of memory, logits that are not finite) the engine is of no further use.
  [[nodiscard]] Result<bool> step();
  [[nodiscard]] bool done(RequestId request) const;
  // Its samples end where they are, with FinishReason::kCancelled.
  void cancel(RequestId request);
  // By sample, of a request that is done; once.
  [[nodiscard]] std::vector<Completion> take(RequestId request);
  [[nodiscard]] const TokenCounts& counts() const;

 private:
  class Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct Generation {
  std::vector<std::vector<Completion>> completions;  // [request][sample], in the order given
  TokenCounts counts;
};

// All requests until they are done. An error names the request.
[[nodiscard]] Result<Generation> generate(const CausalLm& model, std::vector<Request> requests,
                                          const EngineOptions& options = {});

// Prompts with their samples, all under the same sampling options.
struct SampleGroup {
  std::vector<std::int64_t> prompt;
  std::vector<std::uint64_t> seeds;
};
[[nodiscard]] Result<Generation> generate(const CausalLm& model,
                                          const std::vector<SampleGroup>& groups,
                                          const SamplingOptions& sampling,
                                          const EngineOptions& options = {});

// The positions that a configuration allows: max_positions, extended by YaRN's factor.
[[nodiscard]] std::int64_t window_of(const ModelConfig& config);

}  // namespace cairn::model
