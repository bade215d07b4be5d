// What an OpenAI client is answered: whole answers, the chunks of a stream, errors. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/json.h"
#include "core/base/result.h"
#include "core/http/message.h"
#include "plugins/lib/model/tokenizer.h"
#include "plugins/model_cli/completion_call.h"

namespace cairn::model {

// {"error": {"message", "type", "param", "code"}}; the message has the hint, param is `field`.
[[nodiscard]] json::object error_body(int status, const Error& error, const std::string& field);
[[nodiscard]] http::Response error_response(int status, const Error& error,
                                            const std::string& field = {});
// The status that stands for an error of generation: what the call asks for does not fit (400), the
// server is full (429) or stopping (503), or at fault (500).
[[nodiscard]] int call_status(const Error& error);

// One answer to a call, as far as it can be told before it is there.
struct AnswerFrame {
  CallKind kind = CallKind::kChat;
  std::string id;
  std::string model;
  std::int64_t created = 0;  // seconds since the Unix epoch
  std::int64_t n = 1;        // the choice of answer i to prompt p is p * n + i
  bool logprobs = false;
};

struct Usage {
  std::int64_t prompt_tokens = 0;      // each prompt once, however many answers it has
  std::int64_t completion_tokens = 0;  // drawn, end tokens included
};
[[nodiscard]] json::object to_json(const Usage& usage);

// Finished answers by [prompt][answer]. "finish_reason" is "stop" or "length".
[[nodiscard]] json::object whole_answer(const AnswerFrame& frame, const Tokenizer& tokenizer,
                                        const std::vector<std::vector<Completion>>& answers,
                                        const Usage& usage);

// The chunks of one choice: the first of a chat (its role), a token's text, and the end.
[[nodiscard]] json::object role_chunk(const AnswerFrame& frame, std::size_t choice);
[[nodiscard]] json::object token_chunk(const AnswerFrame& frame, const Tokenizer& tokenizer,
                                       std::size_t choice, const TokenEvent& event);
[[nodiscard]] json::object end_chunk(const AnswerFrame& frame, std::size_t choice,
                                     FinishReason finish);
// After all choices, where the call asks for it.
[[nodiscard]] json::object usage_chunk(const AnswerFrame& frame, const Usage& usage);

}  // namespace cairn::model
