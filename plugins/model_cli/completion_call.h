// What an OpenAI client asks for: the bodies of /v1/chat/completions and /v1/completions, read
// strictly. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/model/chat_template.h"
#include "plugins/lib/model/generate.h"

namespace cairn::model {

enum class CallKind { kChat, kText };

// Text, or token ids.
using Prompt = std::variant<std::string, std::vector<std::int64_t>>;

struct CompletionCall {
  CallKind kind = CallKind::kChat;
  std::string model;
  std::vector<ChatMessage> messages;  // of a chat
  std::vector<Prompt> prompts;        // of texts
  SamplingOptions sampling;           // without stop ids; max_new_tokens is max_tokens, below
  std::optional<std::int64_t> max_tokens;
  std::uint64_t seed = 0;
  std::int64_t n = 1;  // answers to each prompt
  bool stream = false;
  bool include_usage = false;  // at the end of a stream
  bool logprobs = false;       // of the tokens that were drawn
};

struct CallError {
  Error error;
  std::string field;  // which it is about: "temperature", "messages"; empty: none
};

// A field that is null counts as absent. Errors: fields that are unknown or not supported, wrong
// types, values out of range, more than kMaxAnswers answers.
[[nodiscard]] std::variant<CompletionCall, CallError> read_call(CallKind kind,
                                                                const json::object& body);

inline constexpr std::int64_t kMaxAnswers = 128;  // prompts times n

// The seed of the i-th answer to a prompt: the call's own for the first, so that it is what
// `cairn-model generate` answers with that seed; keyed ones for the others.
[[nodiscard]] std::uint64_t answer_seed(std::uint64_t seed, std::int64_t answer);

}  // namespace cairn::model
