#include "plugins/model_cli/lines.h"

#include <string>
#include <utility>

#include "plugins/lib/model/generate.h"

namespace cairn::model {
namespace {

Result<std::vector<std::int64_t>> read_ids(const json::object& line, std::int64_t vocab) {
  CAIRN_ASSIGN(const json::array* values, get_array(line, "ids"));
  std::vector<std::int64_t> ids;
  for (const json::value& value : *values) {
    if (!value.is_int64() || value.get_int64() < 0 || value.get_int64() >= vocab) {
      return invalid_argument("'ids' holds " + json::serialize(value) +
                              ", which is no token id below " + std::to_string(vocab));
    }
    ids.push_back(value.get_int64());
  }
  return ids;
}

template <typename T>
json::array to_array(const std::vector<T>& values) {
  return json::array(values.begin(), values.end());
}

json::array to_array(const at::Tensor& values) {
  const at::Tensor numbers = values.to(at::kCPU, at::kFloat).contiguous();
  const auto* data = numbers.data_ptr<float>();
  return json::array(data, data + numbers.numel());
}

Result<std::string> chat_text(const ChatTemplate& chat, const json::object& line) {
  CAIRN_ASSIGN(const json::array* values, get_array(line, "messages"));
  std::vector<ChatMessage> messages;
  for (const json::value& value : *values) {
    if (!value.is_object()) return invalid_argument("'messages' holds something else than objects");
    ChatMessage message;
    CAIRN_ASSIGN(message.role, get_string(value.get_object(), "role"));
    CAIRN_ASSIGN(message.content, get_string(value.get_object(), "content"));
    messages.push_back(std::move(message));
  }
  return chat.render(messages, true);
}

Result<std::vector<std::int64_t>> prompt_of(const CausalLm& model, const Tokenizer& tokenizer,
                                            const Result<ChatTemplate>& chat,
                                            const json::object& line) {
  if (line.contains("ids")) return read_ids(line, model.config().vocab_size);
  if (line.contains("messages")) {
    if (!chat.ok()) return chat.error();
    CAIRN_ASSIGN(const std::string text, chat_text(*chat, line));
    return tokenizer.encode(text);
  }
  CAIRN_ASSIGN(const std::string text, get_string(line, "text"));
  return tokenizer.encode(text);
}

Result<SamplingOptions> sampling_of(const json::object& line) {
  SamplingOptions sampling;
  if (line.contains("max_new_tokens")) {
    CAIRN_ASSIGN(sampling.max_new_tokens, get_int(line, "max_new_tokens"));
  }
  if (line.contains("temperature")) {
    CAIRN_ASSIGN(sampling.temperature, get_double(line, "temperature"));
  }
  if (line.contains("top_k")) {
    CAIRN_ASSIGN(sampling.top_k, get_int(line, "top_k"));
  }
  if (line.contains("top_p")) {
    CAIRN_ASSIGN(sampling.top_p, get_double(line, "top_p"));
  }
  if (line.contains("min_p")) {
    CAIRN_ASSIGN(sampling.min_p, get_double(line, "min_p"));
  }
  if (line.contains("stop")) {
    CAIRN_ASSIGN(const json::array* stops, get_array(line, "stop"));
    for (const json::value& stop : *stops) {
      if (!stop.is_string()) return invalid_argument("'stop' holds something else than strings");
      sampling.stop_strings.emplace_back(stop.get_string());
    }
  }
  return sampling;
}

}  // namespace

Result<json::object> tokenize_line(const Tokenizer& tokenizer, const json::object& line) {
  CAIRN_ASSIGN(const std::string text, get_string(line, "text"));
  return json::object{{"ids", to_array(tokenizer.encode(text))}};
}

Result<json::object> decode_line(const Tokenizer& tokenizer, const json::object& line) {
  CAIRN_ASSIGN(const std::vector<std::int64_t> ids, read_ids(line, tokenizer.vocab_size()));
  return json::object{{"text", tokenizer.decode(ids)}};
}

Result<json::object> score_line(const CausalLm& model, const json::object& line) {
  CAIRN_ASSIGN(std::vector<std::int64_t> ids, read_ids(line, model.config().vocab_size));
  if (ids.size() < 2) return json::object{{"logprobs", json::array()}, {"entropy", json::array()}};
  at::NoGradGuard no_grad;
  const std::vector<TokenSequence> sequence = {{std::move(ids), 1}};
  CAIRN_ASSIGN(const TokenScores scores, model.score(pack_sequences(sequence)));
  return json::object{{"logprobs", to_array(scores.logprob)},
                      {"entropy", to_array(scores.entropy)}};
}

Result<json::object> generate_line(const CausalLm& model, const Tokenizer& tokenizer,
                                   const Result<ChatTemplate>& chat, const json::object& line) {
  EngineOptions options;
  options.tokenizer = &tokenizer;
  Request request;
  CAIRN_ASSIGN(request.sampling, sampling_of(line));
  request.sampling.stop_ids = model.config().eos_ids;
  if (request.sampling.stop_ids.empty()) request.sampling.stop_ids = tokenizer.stop_ids();
  request.seeds = {0};
  if (line.contains("seed")) {
    CAIRN_ASSIGN(request.seeds[0], get_uint(line, "seed"));
  }
  CAIRN_ASSIGN(request.prompt, prompt_of(model, tokenizer, chat, line));
  CAIRN_ASSIGN(const Generation generated, generate(model, {std::move(request)}, options));
  const Completion& completion = generated.completions[0][0];
  return json::object{
      {"ids", to_array(completion.ids)},
      {"text", completion.text},
      {"logprobs", to_array(completion.logprobs)},
      {"finish_reason", completion.finish == FinishReason::kStop ? "stop" : "length"}};
}

Result<void> each_line(std::istream& in, std::ostream& out,
                       const std::function<Result<json::object>(const json::object&)>& work) {
  std::string text;
  for (std::int64_t number = 1; std::getline(in, text); ++number) {
    if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
    const std::string where = "line " + std::to_string(number);
    auto line = parse_json_object(text);
    if (!line.ok()) return with_context(std::move(line).error(), where);
    auto answer = work(*line);
    if (!answer.ok()) return with_context(std::move(answer).error(), where);
    out << json::serialize(*answer) << "\n" << std::flush;
  }
  return {};
}

}  // namespace cairn::model
