// The commands of cairn-model that read and write JSON Lines: one object in, one object out.
#pragma once

#include <istream>
#include <ostream>

#include "core/base/json.h"
#include "core/base/result.h"
#include "plugins/lib/model/causal_lm.h"
#include "plugins/lib/model/tokenizer.h"

namespace cairn::model {

// {"text"} -> {"ids"}; added tokens are recognised, nothing is added.
[[nodiscard]] Result<json::object> tokenize_line(const Tokenizer& tokenizer,
                                                 const json::object& line);
// {"ids"} -> {"text"}
[[nodiscard]] Result<json::object> decode_line(const Tokenizer& tokenizer,
                                               const json::object& line);
// {"ids"} -> {"logprobs": [n-1], "entropy": [n-1]} in nats
[[nodiscard]] Result<json::object> score_line(const CausalLm& model, const json::object& line);
// {"ids" | "text" | "messages", "max_new_tokens", "temperature", "top_k", "top_p", "min_p",
// "stop": [text], "seed"} -> {"ids", "text", "logprobs", "finish_reason"}. `chat` renders messages;
// where the model has a template that is not known, it is the error of lines that have them.
[[nodiscard]] Result<json::object> generate_line(const CausalLm& model, const Tokenizer& tokenizer,
                                                 const Result<ChatTemplate>& chat,
                                                 const json::object& line);

// Calls work on every line that is not empty. An error names the line.
[[nodiscard]] Result<void> each_line(
    std::istream& in, std::ostream& out,
    const std::function<Result<json::object>(const json::object&)>& work);

}  // namespace cairn::model
