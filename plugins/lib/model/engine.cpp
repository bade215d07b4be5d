// The scheduler of generate.h: who is admitted, which rows a step computes, who ends.
#include <algorithm>
#include <cmath>
#include <deque>
#include <exception>
#include <map>
#include <new>
#include <optional>
#include <set>
#include <utility>

#include "core/base/random.h"
#include "core/base/text.h"
#include "plugins/lib/model/cached_forward.h"
#include "plugins/lib/model/compat.h"
#include "plugins/lib/model/engine_limits.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/memory.h"
#include "plugins/lib/model/stop_text.h"

namespace cairn::model {
namespace {

constexpr std::int64_t kLogits = std::int64_t{1} << 22;  // alive at once

struct Job {
  Request request;
  std::int64_t limit = 0;  // tokens of a sample, by max_new_tokens and the window
  std::vector<Completion> completions;
  std::size_t admitted = 0;
  std::size_t ended = 0;

  [[nodiscard]] bool done() const { return ended == completions.size(); }
};

// An admitted request's prompt, until its last sample has started.
struct Prompt {
  std::vector<std::int64_t> tokens;
  std::vector<BlockId> blocks;  // one reference each
  std::int64_t next = 0;        // row to compute
  at::Tensor logits;            // of the last row, for samples that are not admitted yet
  bool all_admitted = false;

  [[nodiscard]] auto length() const { return static_cast<std::int64_t>(tokens.size()); }
  [[nodiscard]] bool ready() const { return next == length(); }
};

struct Sample {
  RequestId request = 0;
  std::size_t index = 0;
  std::vector<BlockId> blocks;
  std::int64_t reserved = 0;  // of the blocks it may still need
  bool started = false;
  bool ended = false;
  std::int64_t token = 0;  // the last one drawn, to be computed
  std::int64_t position = 0;
  std::optional<StopText> text;
};

}  // namespace

class Engine::Impl {
 public:
  Impl(const CausalLm& model, EngineOptions options)
      : model_(model),
        options_(std::move(options)),
        forward_(model, options_.kv_budget_bytes, options_.batch_invariant, exact_halves(model)),
        cache_(forward_.cache()) {}

  Result<RequestId> submit(Request request) {
    CAIRN_TRY(check_request(model_.config(), request, options_));
    const std::int64_t limit = token_limit(model_.config(), request);
    CAIRN_TRY(check_room(request, limit, cache_, options_));
    positions_ = std::max(positions_, static_cast<std::int64_t>(request.prompt.size()) + limit);
    const RequestId id = submitted_++;
    Job job{std::move(request), limit, {}, 0, 0};
    job.completions.resize(job.request.seeds.size());
    if (!job.completions.empty()) waiting_.push_back(id);
    jobs_.emplace(id, std::move(job));
    return id;
  }

  Result<bool> step() {
    if (options_.cancelled && options_.cancelled()) {
      return make_error(ErrorCode::kCancelled, "generation was asked to stop");
    }
    forward_.reach(positions_);
    drop_cancelled();
    CAIRN_TRY(admit());
    CAIRN_TRY(compute());
    return !samples_.empty() || !waiting_.empty() || !prompts_.empty();
  }

  bool done(RequestId request) const {
    const auto job = jobs_.find(request);
    return job == jobs_.end() || job->second.done();
  }

  void cancel(RequestId request) { to_cancel_.insert(request); }

  std::vector<Completion> take(RequestId request) {
    const auto job = jobs_.find(request);
    if (job == jobs_.end() || !job->second.done()) return {};
    std::vector<Completion> completions = std::move(job->second.completions);
    jobs_.erase(job);
    return completions;
  }

  const TokenCounts& counts() const { return counts_; }

  Error out_of_memory(const std::string& what) const {
    return make_error(
        ErrorCode::kResourceExhausted,
        "out of memory while generating: " + std::to_string(samples_.size()) +
            " samples alive, a key-value cache of " + std::to_string(cache_.taken()) + " blocks (" +
            format_bytes(bytes_of(cache_.taken())) + " of kv_budget_bytes " +
            format_bytes(static_cast<std::uint64_t>(options_.kv_budget_bytes)) + "), " +
            std::to_string(options_.prefill_rows) + " prompt rows in a step: " + what,
        "lower kv_budget_bytes, max_batch_samples or prefill_rows");
  }

 private:
  // A token to be drawn from a row of logits.
  struct Pick {
    const float* row;
    std::size_t sample;  // of samples_
  };

  std::uint64_t bytes_of(std::int64_t blocks) const {
    return static_cast<std::uint64_t>(blocks * cache_.block_bytes());
  }

  void drop_cancelled() {
    for (const RequestId request : to_cancel_) {
      const auto job = jobs_.find(request);
      if (job == jobs_.end() || job->second.done()) continue;
      for (Sample& sample : samples_) {
        if (sample.request == request) end(sample, FinishReason::kCancelled);
      }
      for (; job->second.admitted < job->second.completions.size(); ++job->second.admitted) {
        job->second.completions[job->second.admitted].finish = FinishReason::kCancelled;
        ++job->second.ended;
      }
      std::erase(waiting_, request);
      // A prompt on its way is finished: others may have found its blocks.
      const auto prompt = prompts_.find(request);
      if (prompt == prompts_.end()) continue;
      prompt->second.all_admitted = true;
      if (prompt->second.ready()) close_prompt(prompt);
    }
    to_cancel_.clear();
    forget_ended();
  }

  // Rules 1 and 2. Samples of a prompt that is there already draw at once.
  Result<void> admit() {
    std::vector<Pick> picks;
    while (!waiting_.empty() &&
           static_cast<std::int64_t>(samples_.size()) < options_.max_batch_samples) {
      const RequestId id = waiting_.front();
      Job& job = jobs_.at(id);
      const std::int64_t own = own_blocks(job.request.prompt.size(), job.limit);
      auto prompt = prompts_.find(id);
      if (prompt == prompts_.end()) {
        std::vector<BlockId> found = blocks_found(job.request.prompt);
        const std::int64_t fresh =
            blocks_for(job.request.prompt.size()) - static_cast<std::int64_t>(found.size());
        if (fresh + own > cache_.available()) break;
        prompt = open_prompt(id, job.request.prompt, std::move(found), fresh);
      } else if (own > cache_.available()) {
        break;
      }
      cache_.reserve(own);
      Sample sample;
      sample.request = id;
      sample.index = job.admitted++;
      sample.reserved = own;
      const std::int64_t full = prompt->second.length() / kBlockTokens;
      for (std::int64_t i = 0; i < full; ++i) {
        sample.blocks.push_back(prompt->second.blocks[static_cast<std::size_t>(i)]);
        cache_.share(sample.blocks.back());
      }
      if (options_.tokenizer != nullptr) sample.text.emplace(job.request.sampling.stop_strings);
      samples_.push_back(std::move(sample));
      if (prompt->second.ready()) {
        picks.push_back({prompt->second.logits.data_ptr<float>(), samples_.size() - 1});
      }
      if (job.admitted == job.completions.size()) {
        prompt->second.all_admitted = true;
        waiting_.pop_front();
      }
    }
    CAIRN_TRY(draw(picks));
    close_prompts();
    forget_ended();
    return {};
  }

  // The full blocks of a prompt, but for its last token, that are in the cache.
  std::vector<BlockId> blocks_found(const std::vector<std::int64_t>& tokens) const {
    std::vector<BlockId> found;
    const std::span<const std::int64_t> all(tokens);
    const std::size_t most = (tokens.size() - 1) / kBlockTokens;
    while (found.size() < most) {
      const auto part = all.subspan(found.size() * kBlockTokens, kBlockTokens);
      const auto block = cache_.find(found.empty() ? kNoBlock : found.back(), part);
      if (!block) break;
      found.push_back(*block);
    }
    return found;
  }

  std::map<RequestId, Prompt>::iterator open_prompt(RequestId id,
                                                    const std::vector<std::int64_t>& tokens,
                                                    std::vector<BlockId> found,
                                                    std::int64_t fresh) {
    for (const BlockId block : found) cache_.share(block);
    Prompt prompt;
    prompt.tokens = tokens;
    prompt.next = static_cast<std::int64_t>(found.size()) * kBlockTokens;
    prompt.blocks = std::move(found);
    counts_.shared_tokens += prompt.next;
    cache_.reserve(fresh);
    const std::span<const std::int64_t> all(prompt.tokens);
    for (std::int64_t i = 0; i < fresh; ++i) {
      const BlockId before = prompt.blocks.empty() ? kNoBlock : prompt.blocks.back();
      const std::size_t first = prompt.blocks.size() * kBlockTokens;
      prompt.blocks.push_back(cache_.take());
      if (first + kBlockTokens <= tokens.size()) {
        cache_.enter(prompt.blocks.back(), before, all.subspan(first, kBlockTokens));
      }
    }
    return prompts_.emplace(id, std::move(prompt)).first;
  }

  std::map<RequestId, Prompt>::iterator close_prompt(std::map<RequestId, Prompt>::iterator prompt) {
    for (const BlockId block : prompt->second.blocks) cache_.release(block);
    return prompts_.erase(prompt);
  }

  void close_prompts() {
    for (auto prompt = prompts_.begin(); prompt != prompts_.end();) {
      const bool over = prompt->second.all_admitted && prompt->second.ready();
      prompt = over ? close_prompt(prompt) : std::next(prompt);
    }
  }

  // Rule 3.
  Result<void> compute() {
    std::vector<std::int64_t> tokens, picked;
    std::vector<CacheSpan> spans;
    std::vector<std::vector<std::size_t>> drawing;  // per picked row: samples that draw from it
    for (std::size_t i = 0; i < samples_.size(); ++i) {
      Sample& sample = samples_[i];
      if (!sample.started) continue;
      if (sample.position / kBlockTokens >= static_cast<std::int64_t>(sample.blocks.size())) {
        sample.blocks.push_back(cache_.take());
        --sample.reserved;
      }
      spans.push_back(
          {static_cast<std::int64_t>(tokens.size()), 1, sample.position, sample.blocks});
      picked.push_back(static_cast<std::int64_t>(tokens.size()));
      tokens.push_back(sample.token);
      drawing.push_back({i});
      ++counts_.generated_tokens;
    }
    std::int64_t room = options_.prefill_rows;
    std::vector<Prompt*> kept(picked.size());  // per picked row: whose logits are still needed
    for (auto& [id, prompt] : prompts_) {
      const std::int64_t count = std::min(room, prompt.length() - prompt.next);
      if (count == 0) continue;
      room -= count;
      spans.push_back(
          {static_cast<std::int64_t>(tokens.size()), count, prompt.next, prompt.blocks});
      const auto from = prompt.tokens.begin() + prompt.next;
      tokens.insert(tokens.end(), from, from + count);
      prompt.next += count;
      counts_.prompt_tokens += count;
      if (!prompt.ready()) continue;
      picked.push_back(static_cast<std::int64_t>(tokens.size()) - 1);
      kept.push_back(prompt.all_admitted ? nullptr : &prompt);
      drawing.emplace_back();
      for (std::size_t i = 0; i < samples_.size(); ++i) {
        if (samples_[i].request == id) drawing.back().push_back(i);
      }
    }
    if (tokens.empty()) return {};
    const at::Tensor hidden = forward_.run(tokens, spans, picked);
    const std::int64_t vocab = model_.config().vocab_size;
    const std::int64_t rows = std::max<std::int64_t>(kLogits / vocab, 1);
    const auto all = static_cast<std::int64_t>(picked.size());
    for (std::int64_t begin = 0; begin < all; begin += rows) {
      const std::int64_t end = std::min(begin + rows, all);
      const at::Tensor logits = forward_.logits(hidden.slice(0, begin, end));
      std::vector<Pick> picks;
      for (std::int64_t r = begin; r < end; ++r) {
        const auto row = static_cast<std::size_t>(r);
        for (const std::size_t sample : drawing[row]) {
          picks.push_back({logits.data_ptr<float>() + (r - begin) * vocab, sample});
        }
        if (kept[row] != nullptr) kept[row]->logits = logits.select(0, r - begin).clone();
      }
      CAIRN_TRY(draw(picks));
    }
    close_prompts();
    forget_ended();
    return {};
  }

  // Rules 4 and 5: the draws side by side, their consequences in order.
  Result<void> draw(const std::vector<Pick>& picks) {
    const std::int64_t vocab = model_.config().vocab_size;
    std::vector<Draw> draws(picks.size());
    at::parallel_for(0, static_cast<std::int64_t>(picks.size()), 1,
                     [&](std::int64_t begin, std::int64_t end) {
                       for (std::int64_t p = begin; p < end; ++p) {
                         const auto i = static_cast<std::size_t>(p);
                         draws[i] = draw_for(samples_[picks[i].sample], picks[i].row, vocab);
                       }
                     });
    for (std::size_t i = 0; i < picks.size(); ++i) {
      CAIRN_TRY(record(samples_[picks[i].sample], draws[i]));
    }
    return {};
  }

  Draw draw_for(const Sample& sample, const float* row, std::int64_t vocab) const {
    const Job& job = jobs_.at(sample.request);
    const std::uint64_t index = job.completions[sample.index].ids.size();
    const SamplingRule& rule = job.request.sampling;
    const double uniform =
        rule.temperature == 0
            ? 0.0
            : RandomStream(job.request.seeds[sample.index], "token", {index}).uniform();
    return draw_token(row, vocab, rule, uniform);
  }

  Result<void> record(Sample& sample, const Draw& drawn) {
    Job& job = jobs_.at(sample.request);
    Completion& completion = job.completions[sample.index];
    const SamplingOptions& sampling = job.request.sampling;
    const std::size_t index = completion.ids.size();
    if (!std::isfinite(drawn.logprob)) {
      return make_error(ErrorCode::kInternal,
                        "request " + std::to_string(sample.request) + ", sample " +
                            std::to_string(sample.index) + ", token " + std::to_string(index) +
                            ": the model's logits are not finite",
                        "the weights are damaged, or training diverged");
    }
    completion.ids.push_back(drawn.id);
    completion.logprobs.push_back(drawn.logprob);
    completion.entropies.push_back(drawn.entropy);
    bool stop = std::ranges::find(sampling.stop_ids, drawn.id) != sampling.stop_ids.end();
    if (sample.text && !options_.tokenizer->is_special(drawn.id)) {
      stop |= sample.text->push(options_.tokenizer->bytes(drawn.id));
    }
    const bool last = stop || static_cast<std::int64_t>(index) + 1 >= job.limit;
    TokenEvent event{sample.request, sample.index,  index, drawn.id,
                     drawn.logprob,  std::string(), last};
    if (sample.text && options_.on_token) event.text = sample.text->take(last);
    if (last) {
      end(sample, stop ? FinishReason::kStop : FinishReason::kLength);
    } else {
      go_on(sample, drawn.id);
    }
    if (options_.on_token) options_.on_token(event);
    return {};
  }

  void go_on(Sample& sample, std::int64_t token) {
    sample.token = token;
    if (sample.started) {
      ++sample.position;
      return;
    }
    const Prompt& prompt = prompts_.at(sample.request);
    sample.started = true;
    sample.position = prompt.length();
    if (sample.position % kBlockTokens == 0) return;
    sample.blocks.push_back(cache_.take());
    --sample.reserved;
    cache_.copy(prompt.blocks.back(), sample.blocks.back());
  }

  void end(Sample& sample, FinishReason reason) {
    if (sample.ended) return;
    sample.ended = true;
    for (const BlockId block : sample.blocks) cache_.release(block);
    cache_.unreserve(sample.reserved);
    Job& job = jobs_.at(sample.request);
    Completion& completion = job.completions[sample.index];
    completion.finish = reason;
    if (sample.text) completion.text = sample.text->text();
    ++job.ended;
  }

  void forget_ended() {
    std::erase_if(samples_, [](const Sample& sample) { return sample.ended; });
  }

  const CausalLm& model_;
  EngineOptions options_;
  CachedForward forward_;
  KvCache& cache_;
  RequestId submitted_ = 0;
  std::int64_t positions_ = 0;  // of the longest request
  std::map<RequestId, Job> jobs_;
  std::deque<RequestId> waiting_;        // with samples that are not admitted
  std::map<RequestId, Prompt> prompts_;  // ids grow, so the order is that of admission
  std::vector<Sample> samples_;          // alive, in the order of admission
  std::set<RequestId> to_cancel_;
  TokenCounts counts_;
};

Engine::Engine(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Engine::Engine(Engine&&) noexcept = default;
Engine& Engine::operator=(Engine&&) noexcept = default;
Engine::~Engine() = default;

Result<Engine> Engine::create(const CausalLm& model, EngineOptions options) {
  CAIRN_TRY(check_options(model, options));
  return guarded("a generation engine", 2 * model.parameter_count(), "a smaller model takes less",
                 [&]() -> Result<Engine> {
                   return Engine(std::make_unique<Impl>(model, std::move(options)));
                 });
}

Result<RequestId> Engine::submit(Request request) {
  return impl_->submit(std::move(request));
}

Result<bool> Engine::step() {
  try {
    return impl_->step();
  } catch (const std::bad_alloc&) {
    return impl_->out_of_memory("an allocation was refused");
  } catch (const std::exception& error) {
    const std::string text = error.what();
    const std::string line = text.substr(0, text.find('\n'));
    for (const char* sign : {"not enough memory", "out of memory"}) {
      if (line.find(sign) != std::string::npos) return impl_->out_of_memory(line);
    }
    return internal_error("LibTorch refused a step of generation: " + line);
  }
}

bool Engine::done(RequestId request) const {
  return impl_->done(request);
}

void Engine::cancel(RequestId request) {
  impl_->cancel(request);
}

std::vector<Completion> Engine::take(RequestId request) {
  return impl_->take(request);
}

const TokenCounts& Engine::counts() const {
  return impl_->counts();
}

}  // namespace cairn::model
