#include "plugins/lib/model/engine_limits.h"

#include <algorithm>
#include <string>

#include "core/base/text.h"
#include "plugins/lib/model/ops.h"

namespace cairn::model {
namespace {

std::string bytes_text(std::int64_t bytes) {
  return format_bytes(static_cast<std::uint64_t>(std::max<std::int64_t>(bytes, 0)));
}

Error too_small(const char* name, std::int64_t value) {
  return invalid_argument(std::string(name) + " is " + std::to_string(value) +
                          ", but must be at least 1");
}

}  // namespace

std::int64_t window_of(const ModelConfig& config) {
  if (!config.yarn) return config.max_positions;
  const double extended =
      config.yarn->factor * static_cast<double>(config.yarn->original_positions);
  return std::max(config.max_positions, static_cast<std::int64_t>(extended));
}

Result<void> check_options(const CausalLm& model, const EngineOptions& options) {
  if (options.kv_budget_bytes < 1) return too_small("kv_budget_bytes", options.kv_budget_bytes);
  if (options.max_batch_samples < 1) {
    return too_small("max_batch_samples", options.max_batch_samples);
  }
  if (options.prefill_rows < 1) return too_small("prefill_rows", options.prefill_rows);
  if (options.batch_invariant && !has_kernels(model.embedding())) {
    return invalid_argument("batch_invariant is for float32 on the CPU, and this model is not",
                            "load the model in float32 on the CPU, or leave batch_invariant out");
  }
  return {};
}

Result<void> check_request(const ModelConfig& config, const Request& request,
                           const EngineOptions& options) {
  const SamplingOptions& sampling = request.sampling;
  CAIRN_TRY(check_rule(sampling));
  if (sampling.max_new_tokens < 1) return too_small("max_new_tokens", sampling.max_new_tokens);
  for (const std::string& stop : sampling.stop_strings) {
    if (stop.empty()) return invalid_argument("a stop string is empty");
  }
  if (!sampling.stop_strings.empty() && options.tokenizer == nullptr) {
    return invalid_argument("stop strings need a tokenizer", "set EngineOptions::tokenizer");
  }
  if (request.prompt.empty()) return invalid_argument("a prompt to continue has no tokens");
  const auto length = static_cast<std::int64_t>(request.prompt.size());
  if (length > window_of(config)) {
    return invalid_argument("the prompt has " + std::to_string(length) +
                                " tokens, and the model's window is " +
                                std::to_string(window_of(config)),
                            "shorten the prompt, or use a model with a longer window");
  }
  for (const std::int64_t id : request.prompt) {
    if (id < 0 || id >= config.vocab_size) {
      return invalid_argument("token id " + std::to_string(id) + " is outside the vocabulary of " +
                              std::to_string(config.vocab_size));
    }
  }
  return {};
}

std::int64_t token_limit(const ModelConfig& config, const Request& request) {
  const auto length = static_cast<std::int64_t>(request.prompt.size());
  return std::min(request.sampling.max_new_tokens, window_of(config) - length + 1);
}

std::int64_t blocks_for(std::size_t prompt_tokens) {
  return (static_cast<std::int64_t>(prompt_tokens) + kBlockTokens - 1) / kBlockTokens;
}

std::int64_t own_blocks(std::size_t prompt_tokens, std::int64_t token_limit) {
  if (token_limit == 1) return 0;
  const auto all = prompt_tokens + static_cast<std::size_t>(token_limit) - 1;
  return blocks_for(all) - static_cast<std::int64_t>(prompt_tokens) / kBlockTokens;
}

Result<void> check_room(const Request& request, std::int64_t token_limit, const KvCache& cache,
                        const EngineOptions& options) {
  const std::int64_t needed =
      blocks_for(request.prompt.size()) + own_blocks(request.prompt.size(), token_limit);
  if (needed <= cache.capacity()) return {};
  const std::int64_t bytes = needed * cache.block_bytes();
  return make_error(ErrorCode::kResourceExhausted,
                    "a prompt of " + std::to_string(request.prompt.size()) + " tokens and up to " +
                        std::to_string(token_limit) + " new ones need " + std::to_string(needed) +
                        " blocks of the key-value cache (" + bytes_text(bytes) +
                        ") for one sample, and " + "kv_budget_bytes (" +
                        bytes_text(options.kv_budget_bytes) + ") has room for " +
                        std::to_string(cache.capacity()),
                    "lower max_new_tokens, shorten the prompt, or raise kv_budget_bytes to " +
                        std::to_string(bytes));
}

}  // namespace cairn::model
