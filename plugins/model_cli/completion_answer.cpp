#include "plugins/model_cli/completion_answer.h"

#include <utility>

namespace cairn::model {
namespace {

const char* type_of(int status) {
  if (status == 401) return "authentication_error";
  if (status == 429) return "rate_limit_error";
  return status >= 500 ? "server_error" : "invalid_request_error";
}

const char* to_string(FinishReason finish) {
  switch (finish) {
    case FinishReason::kStop:
      return "stop";
    case FinishReason::kLength:
      return "length";
    case FinishReason::kCancelled:
      return "cancelled";
  }
  return "cancelled";
}

json::object frame_json(const AnswerFrame& frame, bool chunk) {
  const bool chat = frame.kind == CallKind::kChat;
  const char* object = !chat   ? "text_completion"
                       : chunk ? "chat.completion.chunk"
                               : "chat.completion";
  return {{"id", frame.id}, {"object", object}, {"created", frame.created}, {"model", frame.model}};
}

// One token may be a part of a character only: "bytes" has what it is.
json::object token_json(const Tokenizer& tokenizer, std::int64_t id, float logprob) {
  json::array bytes;
  for (const char byte : tokenizer.bytes(id)) bytes.push_back(static_cast<unsigned char>(byte));
  return {{"token", tokenizer.decode({id})},
          {"logprob", logprob},
          {"bytes", std::move(bytes)},
          {"top_logprobs", json::array()}};
}

json::value logprobs_json(const AnswerFrame& frame, const Tokenizer& tokenizer,
                          const std::vector<std::int64_t>& ids,
                          const std::vector<float>& logprobs) {
  if (!frame.logprobs) return nullptr;
  if (frame.kind == CallKind::kChat) {
    json::array content;
    for (std::size_t i = 0; i < ids.size(); ++i) {
      content.push_back(token_json(tokenizer, ids[i], logprobs[i]));
    }
    return json::object{{"content", std::move(content)}};
  }
  json::array tokens, values;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    tokens.emplace_back(tokenizer.decode({ids[i]}));
    values.emplace_back(logprobs[i]);
  }
  return json::object{{"tokens", std::move(tokens)},
                      {"token_logprobs", std::move(values)},
                      {"top_logprobs", nullptr}};
}

json::object choice_chunk(const AnswerFrame& frame, std::size_t choice, json::value content,
                          json::value logprobs, json::value finish) {
  json::object entry{{"index", choice}};
  if (frame.kind == CallKind::kChat) {
    entry["delta"] = std::move(content);
  } else {
    entry["text"] = std::move(content);
  }
  entry["logprobs"] = std::move(logprobs);
  entry["finish_reason"] = std::move(finish);
  json::object chunk = frame_json(frame, true);
  chunk["choices"] = json::array{std::move(entry)};
  return chunk;
}

}  // namespace

json::object error_body(int status, const Error& error, const std::string& field) {
  const std::string message =
      error.hint.empty() ? error.message : error.message + " (" + error.hint + ")";
  json::value code = nullptr;
  if (status == 401) code = "invalid_api_key";
  if (status == 404 && field == "model") code = "model_not_found";
  return {
      {"error", json::object{{"message", message},
                             {"type", type_of(status)},
                             {"param", field.empty() ? json::value(nullptr) : json::value(field)},
                             {"code", std::move(code)}}}};
}

http::Response error_response(int status, const Error& error, const std::string& field) {
  http::Response response = http::json_response(status, error_body(status, error, field));
  if (status == 429 || status == 503) response.headers.add("Retry-After", "1");
  return response;
}

int call_status(const Error& error) {
  switch (error.code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kNotFound:
      return 400;
    case ErrorCode::kResourceExhausted:
      return 429;
    case ErrorCode::kUnavailable:
    case ErrorCode::kCancelled:
      return 503;
    default:
      return 500;
  }
}

json::object to_json(const Usage& usage) {
  return {{"prompt_tokens", usage.prompt_tokens},
          {"completion_tokens", usage.completion_tokens},
          {"total_tokens", usage.prompt_tokens + usage.completion_tokens}};
}

json::object whole_answer(const AnswerFrame& frame, const Tokenizer& tokenizer,
                          const std::vector<std::vector<Completion>>& answers, const Usage& usage) {
  json::array choices;
  for (const auto& samples : answers) {
    for (const Completion& completion : samples) {
      json::object choice{{"index", choices.size()}};
      if (frame.kind == CallKind::kChat) {
        choice["message"] = json::object{{"role", "assistant"}, {"content", completion.text}};
      } else {
        choice["text"] = completion.text;
      }
      choice["logprobs"] = logprobs_json(frame, tokenizer, completion.ids, completion.logprobs);
      choice["finish_reason"] = to_string(completion.finish);
      choices.push_back(std::move(choice));
    }
  }
  json::object answer = frame_json(frame, false);
  answer["choices"] = std::move(choices);
  answer["usage"] = to_json(usage);
  return answer;
}

json::object role_chunk(const AnswerFrame& frame, std::size_t choice) {
  return choice_chunk(frame, choice, json::object{{"role", "assistant"}, {"content", ""}}, nullptr,
                      nullptr);
}

json::object token_chunk(const AnswerFrame& frame, const Tokenizer& tokenizer, std::size_t choice,
                         const TokenEvent& event) {
  json::value content(event.text);
  if (frame.kind == CallKind::kChat) content = json::object{{"content", event.text}};
  return choice_chunk(frame, choice, std::move(content),
                      logprobs_json(frame, tokenizer, {event.id}, {event.logprob}), nullptr);
}

json::object end_chunk(const AnswerFrame& frame, std::size_t choice, FinishReason finish) {
  json::value content = "";
  if (frame.kind == CallKind::kChat) content = json::object();
  return choice_chunk(frame, choice, std::move(content), nullptr, to_string(finish));
}

json::object usage_chunk(const AnswerFrame& frame, const Usage& usage) {
  json::object chunk = frame_json(frame, true);
  chunk["choices"] = json::array();
  chunk["usage"] = to_json(usage);
  return chunk;
}

}  // namespace cairn::model
