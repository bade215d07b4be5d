// The OpenAI-compatible API of one model, as routes of an HTTP server.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/router.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/model_cli/completion_answer.h"
#include "plugins/model_cli/generator.h"

namespace cairn::model {

// Everything here outlives the server. Thread-safe: handlers run side by side.
struct ServedModel {
  std::string name;  // what calls say in "model"
  const CausalLm& model;
  const Tokenizer& tokenizer;
  Result<ChatTemplate> chat;           // the error of calls with messages, where it is one
  std::vector<std::int64_t> stop_ids;  // that end an answer
  std::int64_t chat_tokens = 1024;     // max_tokens of a chat that does not say
  Generator& generator;
  const Clock& clock;
  std::int64_t created = 0;             // seconds since the Unix epoch
  std::atomic<std::uint64_t> calls{0};  // so far: ids of answers
};

// GET /healthz (open to anyone), GET /v1/models, GET /v1/models/{model}, POST /v1/chat/completions,
// POST /v1/completions (as `access` says).
[[nodiscard]] std::vector<http::Route> model_routes(ServedModel& served,
                                                    const http::Access& access);

}  // namespace cairn::model
