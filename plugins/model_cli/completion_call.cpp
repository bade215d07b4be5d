#include "plugins/model_cli/completion_call.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "core/base/random.h"
#include "core/base/text.h"

namespace cairn::model {
namespace {

constexpr std::size_t kMaxStops = 16;

std::vector<std::string> common_and(std::initializer_list<const char*> more) {
  std::vector<std::string> names = {"model",
                                    "max_tokens",
                                    "temperature",
                                    "top_p",
                                    "top_k",
                                    "min_p",
                                    "seed",
                                    "stop",
                                    "stream",
                                    "stream_options",
                                    "n",
                                    "logprobs",
                                    "user",
                                    "presence_penalty",
                                    "frequency_penalty"};
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

const std::vector<std::string>& fields_of(CallKind kind) {
  static const std::vector<std::string> kChat =
      common_and({"messages", "max_completion_tokens", "top_logprobs"});
  static const std::vector<std::string> kText = common_and({"prompt", "echo"});
  return kind == CallKind::kChat ? kChat : kText;
}

// Reads one field after the other, and knows which one it is at.
class CallReader {
 public:
  CallReader(CallKind kind, const json::object& body) : body_(body) { call_.kind = kind; }

  Result<void> read() {
    CAIRN_TRY(check_names());
    field_ = "model";
    CAIRN_ASSIGN(call_.model, get_string(body_, "model"));
    CAIRN_TRY(call_.kind == CallKind::kChat ? read_messages() : read_prompts());
    CAIRN_TRY(read_sampling());
    CAIRN_TRY(read_length());
    CAIRN_TRY(read_stop());
    CAIRN_TRY(read_stream());
    CAIRN_TRY(read_logprobs());
    CAIRN_TRY(read_neutral());
    if (at("n")) {
      CAIRN_ASSIGN(call_.n, get_int(body_, field_));
    }
    const auto prompts = static_cast<std::int64_t>(std::max<std::size_t>(call_.prompts.size(), 1));
    if (call_.n < 1 || call_.n > kMaxAnswers / prompts) {
      return invalid_argument("n is " + std::to_string(call_.n) + ", and a call has 1 to " +
                              std::to_string(kMaxAnswers) + " answers in all");
    }
    return {};
  }

  CompletionCall take() { return std::move(call_); }
  [[nodiscard]] const std::string& field() const { return field_; }

 private:
  // Whether it is there; errors from here on are about it.
  bool at(const char* field) {
    field_ = field;
    const json::value* value = body_.if_contains(field_);
    return value != nullptr && !value->is_null();
  }

  Result<void> check_names() {
    const auto& known = fields_of(call_.kind);
    for (const auto& [key, value] : body_) {
      field_ = std::string(key);
      if (value.is_null() || std::ranges::find(known, field_) != known.end()) continue;
      const auto near = nearest_word(field_, known);
      return invalid_argument("the field '" + printable(field_) + "' is not supported",
                              near ? "did you mean '" + *near + "'?"
                                   : "leave it out: what it asks for would not be done");
    }
    return {};
  }

  Result<std::string> text_of_parts(const json::array& parts) {
    std::string text;
    for (const json::value& part : parts) {
      if (!part.is_object()) return invalid_argument("a content part is no object");
      CAIRN_ASSIGN(const std::string type, get_string(part.get_object(), "type"));
      if (type != "text") {
        return invalid_argument("content of type '" + printable(type) + "' is not supported",
                                "send text");
      }
      CAIRN_ASSIGN(const std::string piece, get_string(part.get_object(), "text"));
      text += piece;
    }
    return text;
  }

  Result<ChatMessage> read_message(const json::object& object) {
    for (const auto& [key, value] : object) {
      if (key == "role" || key == "content" || value.is_null()) continue;
      field_ += "." + std::string(key);
      return invalid_argument("the field '" + printable(key) + "' of a message is not supported",
                              "a message has 'role' and 'content'");
    }
    ChatMessage message;
    CAIRN_ASSIGN(message.role, get_string(object, "role"));
    if (message.role != "system" && message.role != "user" && message.role != "assistant") {
      return invalid_argument("the role '" + printable(message.role) + "' is not supported",
                              "use system, user or assistant");
    }
    const json::value* content = object.if_contains("content");
    if (content != nullptr && content->is_array()) {
      CAIRN_ASSIGN(message.content, text_of_parts(content->get_array()));
    } else {
      CAIRN_ASSIGN(message.content, get_string(object, "content"));
    }
    return message;
  }

  Result<void> read_messages() {
    field_ = "messages";
    CAIRN_ASSIGN(const json::array* values, get_array(body_, field_));
    if (values->empty()) return invalid_argument("'messages' is empty");
    for (std::size_t i = 0; i < values->size(); ++i) {
      field_ = "messages[" + std::to_string(i) + "]";
      if (!values->at(i).is_object()) return invalid_argument(field_ + " is no object");
      auto message = read_message(values->at(i).get_object());
      if (!message.ok())
        return with_context(std::move(message).error(), "messages[" + std::to_string(i) + "]");
      call_.messages.push_back(*std::move(message));
    }
    return {};
  }

  Result<Prompt> read_ids(const json::array& values) {
    std::vector<std::int64_t> ids;
    for (const json::value& value : values) {
      if (!value.is_int64()) {
        return invalid_argument("'prompt' holds " + json::serialize(value).substr(0, 100) +
                                " where a token id is expected");
      }
      ids.push_back(value.get_int64());
    }
    return Prompt(std::move(ids));
  }

  // A text, its ids, or a list of either.
  Result<void> read_prompts() {
    field_ = "prompt";
    if (const json::value* one = body_.if_contains(field_); one != nullptr && one->is_string()) {
      call_.prompts.emplace_back(std::string(one->get_string()));
      return {};
    }
    CAIRN_ASSIGN(const json::array* values, get_array(body_, field_));
    if (values->empty()) return invalid_argument("'prompt' is empty");
    if (values->front().is_number()) {
      CAIRN_ASSIGN(Prompt ids, read_ids(*values));
      call_.prompts.push_back(std::move(ids));
      return {};
    }
    if (values->size() > static_cast<std::size_t>(kMaxAnswers)) {
      return invalid_argument("'prompt' holds " + std::to_string(values->size()) +
                              " prompts, and at most " + std::to_string(kMaxAnswers) +
                              " are taken at once");
    }
    for (const json::value& value : *values) {
      if (value.is_string()) {
        call_.prompts.emplace_back(std::string(value.get_string()));
      } else if (value.is_array()) {
        CAIRN_ASSIGN(Prompt ids, read_ids(value.get_array()));
        call_.prompts.push_back(std::move(ids));
      } else {
        return invalid_argument("'prompt' holds something else than texts and lists of ids");
      }
    }
    return {};
  }

  // The rule is right before each of them, so what is wrong after it is about this one.
  Result<void> read_sampling() {
    SamplingOptions& sampling = call_.sampling;
    if (at("temperature")) {
      CAIRN_ASSIGN(sampling.temperature, get_double(body_, field_));
      CAIRN_TRY(check_rule(sampling));
    }
    if (at("top_p")) {
      CAIRN_ASSIGN(sampling.top_p, get_double(body_, field_));
      CAIRN_TRY(check_rule(sampling));
    }
    if (at("top_k")) {
      CAIRN_ASSIGN(sampling.top_k, get_int(body_, field_));
      CAIRN_TRY(check_rule(sampling));
    }
    if (at("min_p")) {
      CAIRN_ASSIGN(sampling.min_p, get_double(body_, field_));
      CAIRN_TRY(check_rule(sampling));
    }
    if (at("seed")) {
      CAIRN_ASSIGN(call_.seed, get_uint(body_, field_));
    }
    return {};
  }

  Result<void> read_length() {
    for (const char* field : {"max_tokens", "max_completion_tokens"}) {
      if (!at(field)) continue;
      CAIRN_ASSIGN(const std::int64_t tokens, get_int(body_, field));
      if (tokens < 1) return invalid_argument(field_ + " is below 1");
      if (call_.max_tokens && *call_.max_tokens != tokens) {
        return invalid_argument("max_tokens and max_completion_tokens differ",
                                "they are the same: send one of them");
      }
      call_.max_tokens = tokens;
    }
    return {};
  }

  Result<void> read_stop() {
    if (!at("stop")) return {};
    std::vector<std::string>& stops = call_.sampling.stop_strings;
    const json::value& value = body_.at(field_);
    if (value.is_array()) {
      for (const json::value& stop : value.get_array()) {
        if (!stop.is_string()) return invalid_argument("'stop' holds something else than texts");
        stops.emplace_back(stop.get_string());
      }
    } else {
      CAIRN_ASSIGN(std::string stop, get_string(body_, field_));
      stops.push_back(std::move(stop));
    }
    if (std::ranges::any_of(stops, &std::string::empty)) {
      return invalid_argument("'stop' holds an empty text");
    }
    if (stops.size() <= kMaxStops) return {};
    return invalid_argument("'stop' holds " + std::to_string(stops.size()) +
                            " texts, and at most " + std::to_string(kMaxStops) + " are taken");
  }

  Result<void> read_stream() {
    if (at("stream")) {
      CAIRN_ASSIGN(call_.stream, get_bool(body_, field_));
    }
    if (!at("stream_options")) return {};
    CAIRN_ASSIGN(const json::object* options, get_object(body_, field_));
    if (!call_.stream) return invalid_argument("stream_options without stream");
    for (const auto& [key, value] : *options) {
      field_ = "stream_options." + std::string(key);
      if (key != "include_usage") {
        return invalid_argument("the field '" + printable(field_) + "' is not supported");
      }
      CAIRN_ASSIGN(call_.include_usage, get_bool(*options, key));
    }
    return {};
  }

  // The engine knows the log-probability of what it drew, not of what else there was.
  Result<void> read_logprobs() {
    const char* count = "logprobs";
    if (call_.kind == CallKind::kChat) {
      if (at("logprobs")) {
        CAIRN_ASSIGN(call_.logprobs, get_bool(body_, field_));
      }
      count = "top_logprobs";
    }
    if (!at(count)) return {};
    CAIRN_ASSIGN(const std::int64_t others, get_int(body_, field_));
    if (others != 0) {
      return invalid_argument("log-probabilities of other tokens are not supported",
                              "send " + field_ + ": 0");
    }
    if (call_.kind == CallKind::kText) call_.logprobs = true;
    return {};
  }

  // What clients send without meaning anything by it.
  Result<void> read_neutral() {
    for (const char* field : {"presence_penalty", "frequency_penalty"}) {
      if (!at(field)) continue;
      CAIRN_ASSIGN(const double penalty, get_double(body_, field));
      if (penalty != 0) return invalid_argument(field_ + " is not supported", "send 0");
    }
    if (at("echo")) {
      CAIRN_ASSIGN(const bool echo, get_bool(body_, field_));
      if (echo) return invalid_argument("echo is not supported", "send false");
    }
    if (at("user")) CAIRN_TRY(get_string(body_, field_));
    return {};
  }

  const json::object& body_;
  CompletionCall call_;
  std::string field_;
};

}  // namespace

std::variant<CompletionCall, CallError> read_call(CallKind kind, const json::object& body) {
  CallReader reader(kind, body);
  if (auto read = reader.read(); !read.ok())
    return CallError{std::move(read).error(), reader.field()};
  return reader.take();
}

std::uint64_t answer_seed(std::uint64_t seed, std::int64_t answer) {
  return answer == 0 ? seed : derive_seed(seed, "answer", {static_cast<std::uint64_t>(answer)});
}

}  // namespace cairn::model
