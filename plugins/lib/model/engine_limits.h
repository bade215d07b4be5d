// What the engine accepts, and how many cache blocks it takes.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/base/result.h"
#include "plugins/lib/model/generate.h"
#include "plugins/lib/model/kv_cache.h"

namespace cairn::model {

[[nodiscard]] Result<void> check_options(const CausalLm& model, const EngineOptions& options);
[[nodiscard]] Result<void> check_request(const ModelConfig& config, const Request& request,
                                         const EngineOptions& options);

// Tokens that a sample of a checked request may draw.
[[nodiscard]] std::int64_t token_limit(const ModelConfig& config, const Request& request);

// Blocks of a prompt, and those that a sample takes beside its prompt's full ones.
[[nodiscard]] std::int64_t blocks_for(std::size_t prompt_tokens);
[[nodiscard]] std::int64_t own_blocks(std::size_t prompt_tokens, std::int64_t token_limit);

// Whether one sample of the request fits the empty cache.
[[nodiscard]] Result<void> check_room(const Request& request, std::int64_t token_limit,
                                      const KvCache& cache, const EngineOptions& options);

}  // namespace cairn::model
