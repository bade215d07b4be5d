#include "plugins/model_cli/model_api.h"

#include <memory>
#include <utility>

#include "core/base/text.h"
#include "core/http/sse.h"

namespace cairn::model {
namespace {

// What OpenAI's API says for texts.
constexpr std::int64_t kTextTokens = 16;

std::int64_t seconds(WallTime time) {
  return std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count();
}

json::object model_json(const ServedModel& served) {
  return {
      {"id", served.name}, {"object", "model"}, {"created", served.created}, {"owned_by", "cairn"}};
}

Error no_model(const ServedModel& served, std::string_view name) {
  return not_found("there is no model '" + printable(name) + "'",
                   "this server has '" + served.name + "'");
}

std::int64_t drawn(const std::vector<std::vector<Completion>>& answers) {
  std::int64_t tokens = 0;
  for (const auto& samples : answers) {
    for (const Completion& completion : samples) {
      tokens += static_cast<std::int64_t>(completion.ids.size());
    }
  }
  return tokens;
}

// A call that was ended for the server's sake has no answer.
bool is_cancelled(const std::vector<std::vector<Completion>>& answers) {
  for (const auto& samples : answers) {
    for (const Completion& completion : samples) {
      if (completion.finish == FinishReason::kCancelled) return true;
    }
  }
  return false;
}

Error stopping() {
  return make_error(ErrorCode::kUnavailable, "the server is stopping");
}

// The answer to one call that streams. On the generator's thread.
class StreamedAnswer {
 public:
  StreamedAnswer(AnswerFrame frame, const Tokenizer& tokenizer, std::size_t choices,
                 std::shared_ptr<http::Exchange> exchange)
      : frame_(std::move(frame)),
        tokenizer_(tokenizer),
        choices_(choices),
        exchange_(std::move(exchange)) {}

  // False: nobody listens, or the client does not keep up.
  bool token(std::size_t prompt, const TokenEvent& event) {
    open();
    if (event.text.empty() && !frame_.logprobs) return listens_;
    const std::size_t choice = prompt * static_cast<std::size_t>(frame_.n) + event.sample;
    send(token_chunk(frame_, tokenizer_, choice, event));
    return listens_;
  }

  void done(const Result<std::vector<std::vector<Completion>>>& result, Usage usage,
            bool include_usage) {
    const bool ended = result.ok() && !is_cancelled(*result);
    if (!ended) return fail(result.ok() ? stopping() : result.error());
    open();
    std::size_t choice = 0;
    for (const auto& samples : *result) {
      for (const Completion& completion : samples) {
        send(end_chunk(frame_, choice++, completion.finish));
      }
    }
    usage.completion_tokens = drawn(*result);
    if (include_usage) send(usage_chunk(frame_, usage));
    send_text("[DONE]");
    if (listens_) stream_->close();
  }

 private:
  // Only once it is known that there will be an answer, so that errors have their status.
  void open() {
    if (stream_) return;
    stream_ = exchange_->stream(http::event_stream_head());
    if (frame_.kind == CallKind::kText) return;
    for (std::size_t choice = 0; choice < choices_; ++choice) send(role_chunk(frame_, choice));
  }

  void fail(const Error& error) {
    const int status = call_status(error);
    if (!stream_) return exchange_->respond(error_response(status, error));
    send(error_body(status, error, {}));
    if (listens_) stream_->close();
  }

  void send(const json::object& chunk) { send_text(json::serialize(chunk)); }
  void send_text(std::string text) {
    if (!listens_) return;
    listens_ = stream_->send(http::to_bytes({std::move(text), "", ""})) == http::Sent::kTaken;
    if (!listens_) stream_->abort();
  }

  AnswerFrame frame_;
  const Tokenizer& tokenizer_;
  std::size_t choices_;
  std::shared_ptr<http::Exchange> exchange_;
  std::shared_ptr<http::Stream> stream_;
  bool listens_ = true;
};

std::vector<std::int64_t> ids_of(const ServedModel& served, const Prompt& prompt) {
  if (const auto* text = std::get_if<std::string>(&prompt)) return served.tokenizer.encode(*text);
  return std::get<std::vector<std::int64_t>>(prompt);
}

Result<std::vector<Request>> requests_of(const ServedModel& served, const CompletionCall& call) {
  std::vector<std::vector<std::int64_t>> prompts;
  if (call.kind == CallKind::kChat) {
    if (!served.chat.ok()) return served.chat.error();
    CAIRN_ASSIGN(const std::string text, served.chat->render(call.messages, true));
    prompts.push_back(served.tokenizer.encode(text));
  }
  for (const Prompt& prompt : call.prompts) prompts.push_back(ids_of(served, prompt));
  std::vector<Request> requests;
  for (auto& prompt : prompts) {
    Request request;
    request.prompt = std::move(prompt);
    request.sampling = call.sampling;
    request.sampling.stop_ids = served.stop_ids;
    request.sampling.max_new_tokens =
        call.max_tokens.value_or(call.kind == CallKind::kChat ? served.chat_tokens : kTextTokens);
    for (std::int64_t i = 0; i < call.n; ++i) request.seeds.push_back(answer_seed(call.seed, i));
    requests.push_back(std::move(request));
  }
  return requests;
}

// Hands the call to the generator, whose answers go to the exchange.
void generate_for(ServedModel& served, const CompletionCall& call, std::vector<Request> requests,
                  const std::shared_ptr<http::Exchange>& exchange) {
  const bool chat = call.kind == CallKind::kChat;
  AnswerFrame frame{call.kind,   (chat ? "chatcmpl-" : "cmpl-") + std::to_string(++served.calls),
                    served.name, seconds(served.clock.now()),
                    call.n,      call.logprobs};
  Usage usage;
  for (const Request& request : requests) {
    usage.prompt_tokens += static_cast<std::int64_t>(request.prompt.size());
  }
  CallEvents events;
  if (call.stream) {
    const std::size_t choices = requests.size() * static_cast<std::size_t>(call.n);
    auto answer =
        std::make_shared<StreamedAnswer>(std::move(frame), served.tokenizer, choices, exchange);
    events.token = [answer](std::size_t prompt, const TokenEvent& event) {
      return answer->token(prompt, event);
    };
    events.done = [answer, usage, include = call.include_usage](const auto& result) {
      answer->done(result, usage, include);
    };
  } else {
    events.done = [&served, frame = std::move(frame), usage, exchange](const auto& result) {
      if (!result.ok()) {
        return exchange->respond(error_response(call_status(result.error()), result.error()));
      }
      if (is_cancelled(*result)) return exchange->respond(error_response(503, stopping()));
      Usage used = usage;
      used.completion_tokens = drawn(*result);
      exchange->respond(
          http::json_response(200, whole_answer(frame, served.tokenizer, *result, used)));
    };
  }
  const Result<CallId> id = served.generator.submit(std::move(requests), std::move(events));
  if (!id.ok()) return exchange->respond(error_response(call_status(id.error()), id.error()));
  exchange->on_gone([&served, call_id = *id] { served.generator.cancel(call_id); });
}

http::Answer complete(ServedModel& served, CallKind kind, const http::Request& request) {
  const auto body = parse_json_object(request.body);
  if (!body.ok()) return error_response(400, body.error());
  auto read = read_call(kind, *body);
  if (const auto* refused = std::get_if<CallError>(&read)) {
    return error_response(400, refused->error, refused->field);
  }
  const auto& call = std::get<CompletionCall>(read);
  if (call.model != served.name) return error_response(404, no_model(served, call.model), "model");
  auto requests = requests_of(served, call);
  if (!requests.ok()) return error_response(400, requests.error(), "messages");
  return http::Later([&served, call, requests = *std::move(requests)](
                         const std::shared_ptr<http::Exchange>& exchange) {
    generate_for(served, call, requests, exchange);
  });
}

}  // namespace

std::vector<http::Route> model_routes(ServedModel& served, const http::Access& access) {
  using http::Method;
  return {{Method::kGet, "/healthz", http::Access::open(),
           [](const http::Request&) {
             return http::json_response(200, {{"status", "ok"}});
           }},
          {Method::kGet, "/v1/models", access,
           [&served](const http::Request&) {
             return http::json_response(
                 200, json::object{{"object", "list"}, {"data", json::array{model_json(served)}}});
           }},
          {Method::kGet, "/v1/models/{model}", access,
           [&served](const http::Request& request) {
             const std::string& name = request.value("model");
             if (name != served.name) return error_response(404, no_model(served, name), "model");
             return http::json_response(200, model_json(served));
           }},
          {Method::kPost, "/v1/chat/completions", access,
           [&served](const http::Request& request) {
             return complete(served, CallKind::kChat, request);
           }},
          {Method::kPost, "/v1/completions", access, [&served](const http::Request& request) {
             return complete(served, CallKind::kText, request);
           }}};
}

}  // namespace cairn::model
